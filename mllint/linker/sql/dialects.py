"""Which dialect a text is written in, where settings do not say."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator

from mllint.settings import Settings

# In the order of how telling they are; the first that matches decides. Comments and strings are not looked at.
_SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("bigquery", (
        r"`[\w-]+\.[\w-]+(?:\.[\w*-]+)?`", r"\bsafe_(?:cast|divide)\s*\(", r"\bstruct<", r"\b(?:int|float)64\b",
        r"\bml\.predict\b", r"\bcreate\s+(?:or\s+replace\s+)?model\b", r"\bselect\s+as\s+struct\b",
    )),
    ("snowflake", (
        r"\bcopy\s+into\b", r"\blateral\s+flatten\b", r"\bclone\s+\w", r"\$\d\s*:", r"\b:\w+::",
        r"\bcreate\s+(?:or\s+replace\s+)?(?:stage|warehouse|stream)\b", r"::\s*(?:variant|number)\b", r"@\w+/",
        r"\bparse_json\s*\(", r"\bobject_construct\s*\(", r"\bmatch_condition\b",
    )),
    ("clickhouse", (
        r"\bengine\s*=\s*\w*(?:mergetree|log|kafka|s3)\b", r"\barray\s+join\b", r"\bprewhere\b",
        r"\bdictget\w*\s*\(", r"\btostartof\w+\s*\(", r"\bnullable\s*\(", r"\blowcardinality\s*\(",
        r"\blimit\s+\d+\s+by\b",
    )),
    ("redshift", (r"\bdistkey\b", r"\bsortkey\b", r"\bdiststyle\b", r"\bunload\s*\(")),
    ("spark", (
        r"\blateral\s+view\b", r"\binsert\s+overwrite\b", r"\busing\s+(?:delta|parquet|csv|iceberg)\b",
        r"\btblproperties\b", r"\b(?:csv|parquet|delta|json)\.`",
    )),
    ("hive", (r"\brow\s+format\s+serde\b", r"\bstored\s+as\s+\w", r"\bmsck\s+repair\b")),
    ("tsql", (
        r"\[\w+\]\.\[\w+\]", r"\bselect\s+(?:distinct\s+)?top\s*\(?\s*\d", r"\bwith\s*\(\s*nolock", r"\bgetdate\s*\(",
        r"\bnvarchar\b", r"(?<![@\w])@\w+\s+(?:int|n?varchar)\b", r"^\s*go\s*$",
    )),
    ("snowflake", (r"\bqualify\b", r"\biff\s*\(", r"\bilike\s+any\b", r"\bvariant\b")),
    ("duckdb", (
        r"\bread_(?:csv|parquet|json)(?:_auto)?\s*\(", r"\bfrom\s+'[^']+\.(?:csv|parquet)'", r"\*\s*exclude\s*\(",
    )),
    ("oracle", (r"\bvarchar2\b", r"\bfrom\s+dual\b", r"\bnvl2\s*\(", r"(?<!\w)\(\+\)")),
    ("mysql", (r"\bauto_increment\b", r"\bengine\s*=\s*innodb\b")),
    ("postgres", (
        r"::\s*\w", r"\$\$", r"\b(?:big)?serial\b", r"\bdistinct\s+on\s*\(", r"\bon\s+conflict\b", r"\breturning\b",
        r"\bjsonb\b", r"\bilike\b",
    )),
    ("mysql", (r"`\w+`",)),
    # strings in double quotes, `CASE WHEN x = 1 THEN "a" END`, in a text that quotes no name so
    ("hive", (
        r"\A(?![^\0]*(?:\b(?:from|join|into|as|select)\s+|[.,]\s*)\")"
        r"[^\0]*?(?:=|\bthen|\belse|\blike|\bin\s*\()\s*\"",
    )),
)  # fmt: skip
_PATTERNS = tuple((dialect, re.compile("|".join(signs), re.IGNORECASE | re.MULTILINE)) for dialect, signs in _SIGNS)
_COMMENT = re.compile(r"--[^\n]*|/\*(?:(?!/\*).)*?\*/", re.DOTALL)
_STRING = re.compile(r"'(?!\s*'|[^'\n]{0,200}\.(?:csv|parquet)')(?:[^'\n]|'')*'")  # files may tell a dialect
_COMMON = (
    "snowflake", "bigquery", "databricks", "postgres", "tsql", "duckdb", "mysql", "oracle", "clickhouse", "trino",
    "redshift", "teradata", "hive",
)  # fmt: skip
_MOST = 8_000  # characters that are looked at

_OTHER_NAMES = {
    "ansi": "", "sparksql": "spark", "pyspark": "spark", "postgresql": "postgres", "mssql": "tsql", "sqlserver": "tsql",
    "greenplum": "postgres", "vertica": "postgres", "mariadb": "mysql", "impala": "hive", "db2": "", "default": "",
}  # fmt: skip


def recognise(text: str) -> str:
    """sqlglot's name of the dialect, empty where nothing tells.

    >>> recognise("SELECT SAFE_CAST(x AS INT64) FROM `project.dataset.table`")
    'bigquery'
    """
    return next(_signed(text), "")


def likely(text: str) -> list[str]:
    """Dialects in the order in which to try them on what is not understood: first those that the text has signs of."""
    return list(dict.fromkeys([*_signed(text), *_COMMON]))


def _signed(text: str) -> Iterator[str]:
    start = _STRING.sub("''", _COMMENT.sub(" ", text[:_MOST]))
    return (dialect for dialect, sign in _PATTERNS if sign.search(start))


def configured(settings: Settings, path: str) -> str:
    """The dialect that the settings give a file, empty if none."""
    for pattern, dialect in settings.sql_dialects.items():
        if fnmatch.fnmatch(path, pattern):
            return known(dialect)
    return known(settings.sql_dialect)


def known(dialect: str) -> str:
    """A dialect as sqlglot knows it; other products' names stand for the nearest, an unknown word for none."""
    from sqlglot.dialects.dialect import Dialect

    name = dialect.lower().strip()
    name = _OTHER_NAMES.get(name, name)
    return name if not name or Dialect.get(name) is not None else ""
