"""Statements that sqlglot has no grammar for, in words that it knows: a stream on a table is a clone of it.

Only the words change: `anchor` is a place in the new text and in the old one that are the same, so that what stands
behind it keeps its place in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from mllint.linker.sql.opened import SIGN, opened

_PART = r"(?:\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|[\w#$@\u1438\u1433-]+)"
_NAME = rf"{_PART}(?:\.{_PART}){{0,4}}"
_OR_REPLACE = r"create\s+(?:or\s+(?:replace|alter|refresh)\s+)?"
_LONGEST = 200_000  # characters


class Rewritten(msgspec.Struct):
    text: str
    anchor: tuple[int, int]  # offsets in the new text, in the old text


def rewritten(text: str) -> Rewritten | None:
    """The statement in other words, `None` if there are none."""
    if len(text) > _LONGEST:
        return None
    if SIGN.search(text) and (other := opened(text)) != text:
        return Rewritten(other, (0, 0))
    for pattern, make in _FORMS:
        found = pattern.match(text)
        if found:
            return make(found)
    return None


def _as_copy(query: str, path: str, found: re.Match[str], group: int) -> Rewritten:
    return Rewritten(f"COPY ({query}) TO {path}", (len("COPY ("), found.start(group)))


def _unload(found: re.Match[str]) -> Rewritten:
    return _as_copy(found[1], found[2], found, 1)


def _outfile(found: re.Match[str]) -> Rewritten:
    query = found[1] + " " * (found.start(3) - found.end(1)) + found[3]  # what follows stays in its place
    return _as_copy(query, found[2], found, 1)


def _directory(found: re.Match[str]) -> Rewritten:
    return _as_copy(found[2], found[1], found, 2)


def _load(found: re.Match[str]) -> Rewritten:
    """Columns of the file are called as in the list: LOAD DATA INFILE 'f' INTO TABLE t (id, @d) SET day = date(@d)"""
    rest = found["rest"]
    set_ = _SET_LAST.search(rest)
    listed = _LIST_LAST.search(rest[: set_.start()] if set_ is not None else rest)
    names = [name.strip(" `\n\t\r") for name in listed[1].split(",")] if listed is not None else []
    items = [name for name in names if name and not name.startswith("@")]
    targets = list(items)
    for each in _ASSIGNED.finditer(set_[1]) if set_ is not None else ():
        targets.append(each[1])
        items.append(f"{each[2].replace('@', '').strip()} AS {each[1]}")
    columns = f" ({', '.join(targets)})" if items else ""
    prefix = f"INSERT INTO {found['name']}{columns} SELECT {', '.join(items) or '*'} FROM "
    return Rewritten(f"{prefix}'{found['file']}'", (len(prefix), found.start("file") - 1))


def _load_uris(found: re.Match[str]) -> Rewritten:
    prefix = f"LOAD DATA INTO {found[1]} {found[2] or ''} "
    return Rewritten(prefix + found[3], (len(prefix), found.start(3)))


def _create_as(found: re.Match[str]) -> Rewritten:
    head = "CREATE TEMPORARY" if re.search(r"\btemp(?:orary)?\b", found["head"], re.I) else "CREATE"
    prefix = f"{head} {found['kind']} {found['name']} {found['columns'] or ''} AS "
    query = found["query"]
    if re.search(r"\brecursive\b", found["head"], re.I):  # CREATE RECURSIVE VIEW v (n) AS SELECT ... FROM v
        prefix = f"CREATE VIEW {found['name']} AS WITH RECURSIVE {found['name']} {found['columns'] or ''} AS ("
        query += f") SELECT * FROM {found['name']}"
    elif not re.match(r"[(\s]*(?:select|with)\b", query, re.I):  # DuckDB: AS PIVOT rides ON day, AS FROM rides
        prefix, query = prefix + "SELECT * FROM (", query + ")"
    return Rewritten(prefix + query, (len(prefix), found.start("query")))


def _clone(found: re.Match[str]) -> Rewritten:
    prefix = f"CREATE TABLE {found[1]} CLONE "
    return Rewritten(prefix + found[2], (len(prefix), found.start(2)))


def _append(found: re.Match[str]) -> Rewritten:
    prefix = f"INSERT INTO {found[1]} SELECT * FROM "
    return Rewritten(prefix + found[2], (len(prefix), found.start(2)))


def _swap(found: re.Match[str]) -> Rewritten:
    return Rewritten(f"ALTER TABLE {found[1]} SWAP WITH {found[2]}", (0, 0))


def _rename(found: re.Match[str]) -> Rewritten:
    return Rewritten(f"ALTER TABLE {found[1]} RENAME TO {found[2]}", (0, 0))


def _located(found: re.Match[str]) -> Rewritten:
    place = found[3] if found[3].startswith("@") else f"'{found[3]}'"
    return Rewritten(f"CREATE TABLE {found[1]} {found[2] or ''} LOCATION {place}", (0, 0))


def _without(found: re.Match[str]) -> Rewritten:
    """Blanks in place of the first group."""
    text, begin = found[0], found.start()
    start, end = found.start(1) - begin, found.end(1) - begin
    return Rewritten(text[:start] + " " * (end - start) + text[end:], (0, 0))


def _replace(found: re.Match[str]) -> Rewritten:
    return Rewritten("INSERT " + found[0][7:], (0, 0))


def _update_from(found: re.Match[str]) -> Rewritten | None:
    """sqlglot takes SET for the alias of a source that has none."""
    text = found[0]
    set_ = _SET.search(text)
    source = text[: set_.start()].rsplit(None, 1)[-1] if set_ is not None else ""
    if set_ is None or not re.fullmatch(r"[\w.]+", source):
        return None
    return Rewritten(f"{text[: set_.start()]} AS {source.rpartition('.')[2]}{text[set_.start() :]}", (0, 0))


def _deletes_too(found: re.Match[str]) -> Rewritten | None:
    """What is changed and then deleted: both conditions choose rows."""
    text = found[0]
    delete = _DELETE_WHERE.search(text)
    if delete is None:
        return None
    assignments = text[text.lower().rfind("update", 0, delete.start()) : delete.start()]
    word = "AND" if _WHERE.search(assignments) else "WHERE"
    return Rewritten(text[: delete.start()] + word.ljust(len(delete[0])) + text[delete.end() :], (0, 0))


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


_COLUMNS = r"\((?:[^()]|\([^()]*\))*\)"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Rewritten | None]], ...] = (
    # MySQL: REPLACE INTO rides (id) SELECT ...
    (_form(r"replace\s+into\b.*"), _replace),
    # Teradata: UPDATE rides FROM zones SET zone = zones.name WHERE ...
    (_form(rf"update\s+{_NAME}\s+from\s.*"), _update_from),
    # Oracle: MERGE ... WHEN MATCHED THEN UPDATE SET a = s.a WHERE ... DELETE WHERE ...
    (_form(r"merge\s+into\b.*"), _deletes_too),
    # Athena: UNLOAD (SELECT ...) TO 's3://...' WITH (...)
    (_form(r"unload\s*\(\s*((?:select|with)\b.*)\)\s*to\s*('[^']*')"), _unload),
    # MySQL: SELECT a INTO OUTFILE 'rides.csv' FIELDS TERMINATED BY ',' FROM rides
    (_form(r"(select\b.*?)\binto\s+(?:outfile|dumpfile)\s+('[^']*').*?\b(from\b.*)"), _outfile),
    # ClickHouse: SELECT a FROM rides INTO OUTFILE 'rides.csv' FORMAT CSV
    (_form(r"((?:select|with)\b.*?)\binto\s+outfile\s+('[^']*')"), _unload),
    # Spark: INSERT OVERWRITE DIRECTORY 's3://...' USING parquet SELECT ...
    (
        _form(r"insert\s+overwrite\s+(?:local\s+)?directory\s+('[^']*').*?(?<![\w.])((?:select|with|from)\b.*)"),
        _directory,
    ),
    # MySQL: LOAD DATA LOCAL INFILE 'rides.csv' INTO TABLE rides ... (id, @day) SET day = date(@day)
    (
        _form(
            r"load\s+data\s+(?:(?:low_priority|concurrent|local)\s+)*infile\s+(?P<quote>['\"])(?P<file>.*?)(?P=quote)\s+"
            rf"(?:(?:replace|ignore)\s+)?into\s+table\s+(?P<name>{_NAME})(?P<rest>.*)"
        ),
        _load,
    ),
    # BigQuery: LOAD DATA OVERWRITE t (x INT64) PARTITION BY day FROM FILES (uris = ['gs://...'])
    (
        _form(
            rf"load\s+data\s+(?:into|overwrite)\s+(?:temp(?:orary)?\s+table\s+)?({_NAME})\s*({_COLUMNS})?.*?"
            r"(\bfrom\s+files\b.*)"
        ),
        _load_uris,
    ),
    # Snowflake: CREATE STREAM s ON TABLE t; Oracle, T-SQL: CREATE SYNONYM s FOR t; Databricks: SHALLOW CLONE
    (
        _form(rf"{_OR_REPLACE}stream\s+(?:if\s+not\s+exists\s+)?({_NAME})\b.*?\bon\s+(?:table|view)\s+({_NAME})"),
        _clone,
    ),
    (_form(rf"{_OR_REPLACE}(?:public\s+)?(?:synonym|alias)\s+({_NAME})\s+for\s+({_NAME})"), _clone),
    (
        _form(rf"{_OR_REPLACE}table\s+(?:if\s+not\s+exists\s+)?({_NAME})\s+(?:shallow|deep)\s+clone\s+({_NAME})"),
        _clone,
    ),
    # BigQuery: CREATE SNAPSHOT TABLE s CLONE t
    (_form(rf"{_OR_REPLACE}snapshot\s+table\s+(?:if\s+not\s+exists\s+)?({_NAME})\s+clone\s+({_NAME})"), _clone),
    # Databricks: APPLY CHANGES INTO t FROM STREAM(s) KEYS (id) SEQUENCE BY at; it was called AUTO CDC later
    (_form(rf"(?:apply\s+changes|auto\s+cdc)\s+into\s+({_NAME})\s+from\s+(?:stream\b\s*\(?\s*)?({_NAME})"), _append),
    # BigQuery: CREATE EXTERNAL TABLE t WITH PARTITION COLUMNS (day DATE) OPTIONS (...)
    (_form(rf"{_OR_REPLACE}external\s+table\b.*?\b(with\s+partition\s+columns\s*(?:{_COLUMNS})?).*"), _without),
    # Databricks: MERGE WITH SCHEMA EVOLUTION INTO t USING s ...
    (_form(r"merge\s+(with\s+schema\s+evolution)\b.*"), _without),
    # Redshift: ALTER TABLE t APPEND FROM s; Oracle, Hive: ALTER TABLE t EXCHANGE PARTITION p WITH TABLE s
    (_form(rf"alter\s+table\s+({_NAME})\s+append\s+from\s+({_NAME})"), _append),
    (_form(rf"alter\s+table\s+({_NAME})\s+exchange\s+partition\b.*?\bwith\s+table\s+({_NAME})"), _append),
    # ClickHouse: EXCHANGE TABLES a AND b; T-SQL: EXEC sp_rename 'dbo.a', 'b'
    (_form(rf"exchange\s+tables\s+({_NAME})\s+and\s+({_NAME})"), _swap),
    (_form(rf"(?:execute|exec)\s+(?:sys\.)?sp_rename\s+N?'({_NAME})'\s*,\s*N?'({_NAME})'\s*$"), _rename),
    # Snowflake: CREATE EXTERNAL TABLE t LOCATION = @stage/t; Postgres: CREATE FOREIGN TABLE t OPTIONS (filename '...')
    (
        _form(rf"{_OR_REPLACE}external\s+table\s+(?:if\s+not\s+exists\s+)?({_NAME})()\b.*?\blocation\s*=\s*(@[^\s;]+)"),
        _located,
    ),
    (_form(rf"create\s+foreign\s+table\s+({_NAME})\s*({_COLUMNS}).*?\bfilename\s+'([^']*)'"), _located),
    # Oracle: CREATE TABLE t (...) ORGANIZATION EXTERNAL (... LOCATION (dir:'rides.csv'))
    (
        _form(
            rf"create\s+table\s+({_NAME})\s*({_COLUMNS})(?>.*?\borganization\s+external\b)(?>.*?\blocation\s*\()\s*(?:\w+\s*:\s*)?"
            r"'([^']*)'"
        ),
        _located,
    ),
    # Postgres: CREATE MATERIALIZED VIEW v AS SELECT ... WITH NO DATA
    (_form(r"create\s+materialized\s+view\b.*\b(with\s+(?:no\s+)?data)\s*$"), _without),
    # CREATE LIVE TABLE, CREATE MATERIALIZED VIEW v REFRESH ..., CREATE TABLE t <options> AS SELECT ...
    (
        _form(
            rf"create\b(?P<head>[^('\"]{{0,200}}?)\b(?P<kind>table|view)\s+(?:if\s+not\s+exists\s+)?(?P<name>{_NAME})\s*"
            r"(?P<columns>\([\w\s,\"`]*\))?.*?\bas\b\s*(?P<query>\(*\s*(?:select|with|from|pivot|unpivot)\b.*)"
        ),
        _create_as,
    ),
)
_SET_LAST = re.compile(r"\bset\s+([\w`]+\s*=.*)", re.IGNORECASE | re.DOTALL)
_LIST_LAST = re.compile(r"\(([\w\s,@`]+)\)\s*\Z")
_ASSIGNED = re.compile(r"`?(\w+)`?\s*=\s*((?>[^,()']+|'[^']*'|\((?>[^()']+|'[^']*'|\((?>[^()']+|'[^']*')*\))*\))+)")
_DELETE_WHERE = re.compile(r"\bdelete\s+where\b", re.IGNORECASE)
_SET = re.compile(r"\sset\s", re.IGNORECASE)
_WHERE = re.compile(r"\bwhere\b", re.IGNORECASE)
