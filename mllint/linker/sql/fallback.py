"""Table-level lineage by words, for a statement that no parser understood: better than nothing, and marked so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from mllint.lineage.expressions import Unresolved
from mllint.lineage.ids import file_id
from mllint.linker.sql.parse import Parsed, parse
from mllint.linker.sql.schema import Schema, table_name
from mllint.linker.sql.statements import OutputColumn, Statement, TableRead
from mllint.linker.sql.text import named

Derive = Callable[[Parsed, Schema], Iterator[Statement]]

_PART = r"(?:\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|[\w#$@\u1438\u1433-]+)"
_NAME = rf"{_PART}(?:\s*\.\s*{_PART}){{0,4}}"
_READ = re.compile(
    rf"\b(?:from|join|using|with\s+table)\s+(?:only\s+|lateral\s+)?((?>{_NAME}))(?!\s*\()(?:(?=\s+(?:as\s+)?(\w+)))?",
    re.I,
)
_WRITE = re.compile(
    rf"\b(insert\s+(?:overwrite|into)(?:\s+table)?|replace\s+into|merge\s+(?:into)?|update(?!\s+set\b)|delete\s+from|alter\s+table|"
    rf"create\s+(?:or\s+(?:replace|refresh)\s+)?(?:streaming\s+)?(?:live\s+)?(?:temp(?:orary)?\s+)?(?:external\s+)?(?:materialized\s+)?(?:table|view)"
    rf"(?:\s+if\s+not\s+exists)?|copy\s+into)\s+({_NAME})",
    re.I,
)
_RENAME = re.compile(r"^\s*rename\s+table\s+(.*)", re.I | re.DOTALL)
_PAIR = re.compile(rf"(?<![\w.])({_NAME})\s+to\s+({_NAME})", re.I)
_DELETE = re.compile(r"\bdelete\s+$", re.I)
_CTE = re.compile(
    rf"(?:\bwith\s+(?:recursive\s+)?|,\s*)({_PART})\s+(?:as\s*)?\(\s*(?:with|select|insert|update)\b", re.I
)
_UNLOAD = re.compile(r"^\s*unload\s*\(\s*(?:'((?:[^']|'')*)'|\$\$(.*?)\$\$)\s*\)\s*to\s*'([^']*)'", re.I | re.DOTALL)
_EXECUTE = re.compile(
    r"^\s*(?:execute|exec)\b(?:\s+immediate|\s+sp_executesql)?\s*\(?\s*(?:format\s*\(\s*)?"
    r"(?:N?'((?:[^']|'')*)'|\$\$(.*?)\$\$|\"\"\"(.*?)\"\"\"|\"([^\"]*)\")",
    re.I | re.DOTALL,
)
_INSERT_EXECUTE = re.compile(
    rf"^\s*insert\s+(?:into\s+)?({_NAME})\s*(?:\(([^()]*)\))?\s*(?:execute|exec)\b\s*(?:(\()|({_NAME}))", re.I
)
_EXPORT_MODEL = re.compile(
    rf"^\s*export\s+model\s+({_NAME})\s*options\s*\([^()]*?\buri\s*=\s*['\"]([^'\"]*)['\"]", re.I
)
_COPY = re.compile(rf"^\s*copy\s+into\s+({_NAME})\s*(?:\([^()]*\))?\s*from\s+((?:\s*,?\s*'[^']*')+)", re.I)
_BULK = re.compile(rf"^\s*bulk\s+insert\s+({_NAME})\s+from\s+'([^']*)'", re.I)
_IDLE = re.compile(
    r"^\s*(?:set|reset|refresh|uncache|add|drop|grant|revoke|use|show|describe|explain|vacuum|analyze|comment|begin|commit|"
    r"start|call|exec|list|put|get|remove|alter\s+(?:user|role|session|system|warehouse|database|schema|sequence)|"
    r"create\s+(?:or\s+replace\s+)?(?:temporary\s+|unique\s+)?(?:function|user|role|database|schema|extension|index|"
    r"warehouse|stage|sequence|type|file\s+format|trigger|policy))\b",
    re.I,
)
_NO_TABLE = {"select", "set", "values", "table", "where", "on", "lateral", "unnest", "as"}
_KINDS = {
    "alter": "ddl",
    "insert": "insert",
    "replace": "insert",
    "merge": "merge",
    "update": "update",
    "delete": "delete",
    "create": "create",
    "copy": "copy",
}
_QUOTED = re.compile(r"\s*N?'((?:[^']|'')*)'")
_STRINGS = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*(?:(?!/\*).)*?\*/", re.DOTALL)


def by_words(parsed: Parsed, schema: Schema, derive: Derive) -> Iterator[Statement]:
    """Statements with reads and target alone. `schema` and `derive` serve queries that stand in quotes (UNLOAD)."""
    text, start = _text(parsed)
    line, column = parsed.places.at(start + parsed.shift)
    unload = _UNLOAD.match(text)
    renames = _RENAME.match(text)
    if unload and parsed.nested < 2:
        yield from _unloaded(parsed, schema, derive, unload, line, column)
    elif renames:  # MySQL: RENAME TABLE a TO b, c TO d
        for pair in _PAIR.finditer(renames[1]):
            old, new = _clean(pair[1]), _clean(pair[2])
            yield Statement("rename", new, (TableRead(old, line, column),), line=line, column=column)
            schema.rename(old, new)
    elif export := _EXPORT_MODEL.match(text):  # BigQuery: EXPORT MODEL d.eta OPTIONS (URI = 'gs://bucket/eta')
        reads = (TableRead("model:" + _clean(export[1]), line, column),)
        yield Statement("export", file_id(export[2]), reads, line=line, column=column)
    elif copy := _COPY.match(text):  # T-SQL: COPY INTO rides (id 1, km 2) FROM 'https://...', 'https://...' WITH (...)
        files = [file_id(each) for each in _QUOTED.findall(copy[2])]
        for file in files:
            yield _loaded(_clean(copy[1]), file, line, column)
    elif bulk := _BULK.match(text):  # T-SQL: BULK INSERT rides FROM 'rides.csv'
        yield _loaded(_clean(bulk[1]), file_id(bulk[2]), line, column)
    elif (insert := _INSERT_EXECUTE.match(text)) and parsed.nested < 2:
        yield _inserted(parsed, schema, derive, insert, line, column)
    elif (run := _EXECUTE.match(text)) and parsed.nested < 2:
        yield from _executed(parsed, schema, derive, run, line, column)
    elif _IDLE.match(text):
        yield Statement("other", line=line, column=column)
    else:
        yield from _worded(parsed, text, start)


def _text(parsed: Parsed) -> tuple[str, int]:
    if not parsed.tokens:
        return parsed.text[:200_000], 0
    start, end = parsed.tokens[0].start, parsed.tokens[-1].end + 1
    return parsed.text[start:end], start


def _unloaded(
    parsed: Parsed, schema: Schema, derive: Derive, found: re.Match[str], line: int, column: int
) -> Iterator[Statement]:
    """Redshift: UNLOAD ('select * from venue') TO 's3://bucket/venue_'."""
    query = found[1].replace("''", "'") if found[1] is not None else found[2]
    for inner in parse(query, parsed.dialect):
        inner.nested = parsed.nested + 1
        for statement in derive(inner, schema):
            reads = tuple(TableRead(read.name, line, column) for read in statement.reads)
            yield Statement(
                "copy", file_id(found[3]), reads, statement.columns, statement.indirect, statement.open, line, column
            )


def _loaded(table: str, file: str, line: int, column: int) -> Statement:
    columns = (OutputColumn("*", ((file, "*"),), Unresolved("the columns of a file")),)
    return Statement("copy", table, (TableRead(file, line, column),), columns, open=True, line=line, column=column)


def _executed(
    parsed: Parsed, schema: Schema, derive: Derive, found: re.Match[str], line: int, column: int
) -> Iterator[Statement]:
    """EXECUTE IMMEDIATE 'INSERT INTO ...', EXEC sp_executesql N'...': all of it stands where the string begins."""
    inside = found[1].replace("''", "'") if found[1] is not None else found[2] or found[3] or found[4] or ""
    for inner in parse(inside, parsed.dialect):
        inner.nested = parsed.nested + 1
        for statement in derive(inner, schema):
            reads = tuple(TableRead(read.name, line, column) for read in statement.reads)
            yield msgspec.structs.replace(statement, reads=reads, line=line, column=column)


def called_in_insert(parsed: Parsed) -> Iterator[str]:
    """The procedure whose rows an INSERT ... EXEC takes."""
    found = _INSERT_EXECUTE.match(_text(parsed)[0]) if parsed.tokens else None
    if found is not None and found[4]:
        yield _clean(found[4])


def _inserted(
    parsed: Parsed, schema: Schema, derive: Derive, found: re.Match[str], line: int, column: int
) -> Statement:
    """T-SQL: INSERT INTO t (a) EXEC ('SELECT x FROM s'), INSERT INTO t EXEC dbo.get_rides @day: what that selects."""
    selected = schema.result(_clean(found[4])) if found[4] else None
    quoted = _QUOTED.match(found.string, found.end(3)) if found[3] else None
    if quoted is not None:
        inner = [each for part in parse(quoted[1].replace("''", "'"), parsed.dialect) for each in derive(part, schema)]
        selected = next((each for each in reversed(inner) if each.kind == "select"), None)
    target = _clean(found[1])
    listed = [name.strip().strip('[]"').lower() for name in found[2].split(",")] if found[2] else []
    names = listed or list(schema.columns(target) or ())
    if selected is None:
        why = "a procedure whose rows are not known"
        return Statement("insert", target, open=True, line=line, column=column, problem=why)
    columns = selected.columns
    if names and not selected.open:
        columns = tuple(msgspec.structs.replace(c, name=n) for n, c in zip(names, columns, strict=False))
    columns = tuple(msgspec.structs.replace(c, line=0, column=0) for c in columns)  # they stand elsewhere
    reads = tuple(TableRead(read.name, line, column) for read in selected.reads)
    return Statement("insert", target, reads, columns, selected.indirect, selected.open, line, column)


def _worded(parsed: Parsed, text: str, start: int) -> Iterator[Statement]:
    plain = _STRINGS.sub(_blank, text)
    ctes = {_clean(found[1]) for found in _CTE.finditer(plain)}
    aliases: dict[str, str] = {}
    reads: list[TableRead] = []
    for found in _READ.finditer(plain):
        name = _clean(found[1])
        if (
            name in ctes
            or name.split(".")[0] in _NO_TABLE
            or _DELETE.search(plain, max(0, found.start() - 40), found.start())
        ):
            continue
        if found[2]:
            aliases[found[2].lower()] = name
        line, column = parsed.places.at(start + found.start(1) + parsed.shift)
        reads.append(TableRead(name, line, column))
    line, column = parsed.places.at(start + parsed.shift)
    # Hive: FROM trips INSERT OVERWRITE TABLE a SELECT x INSERT OVERWRITE TABLE b SELECT y
    writes = {_clean(found[2]): found[1].split()[0].lower() for found in _WRITE.finditer(plain)} or {"": ""}
    problem = parsed.problem or "not modelled"
    for name, verb in writes.items():
        target = aliases.get(name, name)
        # UPDATE t SET ... FROM trips t JOIN ...: the updated table is not read
        sources = [read for read in reads if verb != "update" or read.name != target]
        kind = _KINDS.get(verb, "select" if sources else "other")
        yield Statement(kind, target, tuple(sources), open=True, line=line, column=column, problem=problem)


def _blank(found: re.Match[str]) -> str:
    """Comments are blanks; of a string the quotes stay: COPY rides FROM 's3://...' IAM_ROLE 'arn' reads no IAM_ROLE."""
    inside = " " * (len(found[0]) - 2)
    return f"'{inside}'" if found[0].startswith("'") else f" {inside} "


def _clean(written: str) -> str:
    return table_name(re.sub(r"\s*\.\s*", ".", named(written)))
