"""Which dialect a text is written in, where settings do not say."""

from __future__ import annotations

import fnmatch
import re

from mllint.settings import Settings

# In the order of how telling they are; the first that matches decides. Comments and strings are not looked at.
_SIGNS: tuple[tuple[str, str], ...] = (
    ("bigquery", r"`[\w-]+\.[\w-]+(?:\.[\w*-]+)?`|\bsafe_cast\s*\(|\bsafe_divide\s*\(|\bstruct<|\bint64\b|\bfloat64\b"),
    ("bigquery", r"\bml\.predict\b|\bcreate\s+(?:or\s+replace\s+)?model\b|\bselect\s+as\s+struct\b|\bunnest\s*\(\s*generate_"),
    ("snowflake", r"\bcopy\s+into\b|\blateral\s+flatten\b|\bclone\s+\w|\bcreate\s+(?:or\s+replace\s+)?(?:stage|warehouse|stream)\b|\$\d\s*:|\b:\w+::"),
    ("redshift", r"\bdistkey\b|\bsortkey\b|\bdiststyle\b|\bunload\s*\("),
    ("spark", r"\blateral\s+view\b|\binsert\s+overwrite\b|\busing\s+(?:delta|parquet|csv|iceberg)\b|\btblproperties\b|\b(?:csv|parquet|delta|json)\.`"),
    ("hive", r"\brow\s+format\s+serde\b|\bstored\s+as\s+\w|\bmsck\s+repair\b"),
    ("tsql", r"\[\w+\]\.\[\w+\]|\bselect\s+(?:distinct\s+)?top\s*\(?\s*\d|\bwith\s*\(\s*nolock|\bgetdate\s*\(|\bnvarchar\b|(?<![@\w])@\w+\s+(?:int|n?varchar)\b|^\s*go\s*$"),
    ("snowflake", r"\bqualify\b|\biff\s*\(|\bnumber\s*\(\s*\d+\s*,\s*\d+\s*\).*\bvariant\b|\bilike\s+any\b"),
    ("duckdb", r"\bread_(?:csv|parquet|json)(?:_auto)?\s*\(|\bfrom\s+'[^']+\.(?:csv|parquet)'|\bexclude\s*\("),
    ("oracle", r"\bvarchar2\b|\bfrom\s+dual\b|\bnvl2\s*\(|\bconnect\s+by\b"),
    ("mysql", r"\bauto_increment\b|\bengine\s*=\s*innodb\b|\bifnull\s*\(.*`"),
    ("postgres", r"::\s*\w|\$\$|\bserial\b|\bbigserial\b|\bdistinct\s+on\s*\(|\bon\s+conflict\b|\breturning\b|\bjsonb\b|\bilike\b"),
    ("mysql", r"`\w+`"),
)  # fmt: skip
_PATTERNS = tuple((dialect, re.compile(sign, re.IGNORECASE | re.MULTILINE)) for dialect, sign in _SIGNS)
_COMMENT = re.compile(r"--[^\n]*|/\*.{0,20000}?\*/", re.DOTALL)
_MOST = 20_000  # characters that are looked at

_OTHER_NAMES = {
    "ansi": "", "sparksql": "spark", "pyspark": "spark", "postgresql": "postgres", "mssql": "tsql", "sqlserver": "tsql",
    "greenplum": "postgres", "vertica": "postgres", "mariadb": "mysql", "impala": "hive", "db2": "", "default": "",
}  # fmt: skip


def recognise(text: str) -> str:
    """sqlglot's name of the dialect, empty where nothing tells.

    >>> recognise("SELECT SAFE_CAST(x AS INT64) FROM `project.dataset.table`")
    'bigquery'
    """
    start = _COMMENT.sub(" ", text[:_MOST])
    return next((dialect for dialect, sign in _PATTERNS if sign.search(start)), "")


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
