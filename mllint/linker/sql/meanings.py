"""Which of sqlglot's classes and words is which operator of ours, and where dialects differ about it."""

from __future__ import annotations

from sqlglot import exp

from mllint.lineage.expressions import Constant, Expression, Unresolved

SIMPLE: dict[type[exp.Expr], str] = {
    exp.Add: "ADD", exp.Sub: "SUB", exp.Mul: "MUL", exp.Pow: "POW", exp.Mod: "REM",
    exp.EQ: "EQ", exp.NEQ: "NE", exp.LT: "LT", exp.LTE: "LE", exp.GT: "GT", exp.GTE: "GE",
    exp.And: "AND", exp.Or: "OR", exp.Not: "NOT", exp.Neg: "NEG", exp.Abs: "ABS", exp.Sign: "SIGN",
    exp.Floor: "FLOOR", exp.Ceil: "CEIL", exp.Ln: "LN", exp.Exp: "EXP", exp.Sqrt: "SQRT",
    exp.Lower: "LOWER", exp.Upper: "UPPER", exp.Length: "LENGTH", exp.IntDiv: "INTDIV",
    exp.Year: "YEAR", exp.Month: "MONTH", exp.Quarter: "QUARTER", exp.Day: "DAY", exp.DayOfMonth: "DAY",
    exp.DayOfYear: "DAYOFYEAR", exp.Hour: "HOUR", exp.Minute: "MINUTE", exp.Second: "SECOND",
    exp.Sum: "SUM", exp.Avg: "MEAN", exp.Min: "MIN", exp.Max: "MAX", exp.Median: "MEDIAN",
    exp.Stddev: "STD", exp.StddevSamp: "STD", exp.First: "FIRST", exp.Last: "LAST",
    exp.StartsWith: "STARTSWITH", exp.EndsWith: "ENDSWITH", exp.Contains: "CONTAINS",
    exp.DayOfWeekIso: "WEEKDAY_ISO",
}  # fmt: skip

# DAYOFWEEK by dialect: Sunday is 1 in most; DuckDB, Snowflake and Redshift count Sunday as 0
SUNDAY_0 = {"duckdb", "snowflake", "postgres", "redshift", "materialize", "risingwave"}
PARTS = {
    "YEAR": "YEAR", "YYYY": "YEAR", "YY": "YEAR", "QUARTER": "QUARTER", "MONTH": "MONTH", "MM": "MONTH",
    "DAY": "DAY", "DD": "DAY", "DOY": "DAYOFYEAR", "DAYOFYEAR": "DAYOFYEAR", "HOUR": "HOUR", "HH": "HOUR",
    "MINUTE": "MINUTE", "MI": "MINUTE", "SECOND": "SECOND", "SS": "SECOND", "EPOCH": "EPOCH_SECONDS",
    "EPOCH_SECOND": "EPOCH_SECONDS", "ISODOW": "WEEKDAY_ISO", "DAYOFWEEKISO": "WEEKDAY_ISO",
    "DAYOFWEEK_ISO": "WEEKDAY_ISO", "DOW": "WEEKDAY_SUN0", "WEEK": "WEEK", "ISOWEEK": "WEEK",
}  # fmt: skip
INTEGERS = {"TINYINT", "SMALLINT", "INT", "BIGINT", "UINT", "UBIGINT", "USMALLINT", "UTINYINT", "INT128", "MEDIUMINT"}
FLOATS = {"FLOAT", "DOUBLE", "DECIMAL", "BIGDECIMAL", "DECFLOAT", "MONEY"}
TEXTS = {"CHAR", "NCHAR", "VARCHAR", "NVARCHAR", "TEXT"}
TIMES = {"TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ", "TIMESTAMPLTZ", "DATETIME", "DATETIME2", "SMALLDATETIME"}
# LOG(x) of one argument: the natural logarithm, except in
LOG_IS_10 = {"postgres", "redshift", "duckdb", "sqlite", "trino", "presto", "athena", "materialize"}

# the columns of functions that stand in FROM
TABLE_FUNCTIONS = {
    "explode": ("seq", "key", "path", "index", "value", "this"),  # Snowflake's FLATTEN, as sqlglot calls it
    "flatten": ("seq", "key", "path", "index", "value", "this"),
    "split_to_table": ("seq", "index", "value"), "string_split": ("value", "ordinal"),
    "openjson": ("key", "value", "type"), "jsonb_each": ("key", "value"), "json_each": ("key", "value"),
    "jsonb_each_text": ("key", "value"), "json_each_text": ("key", "value"), "json_array_elements": ("value",),
    "jsonb_array_elements": ("value",), "json_array_elements_text": ("value",),
    "jsonb_array_elements_text": ("value",),
}  # fmt: skip

# functions in FROM that read the file, or the folder, of their first argument
FILE_FUNCTIONS = {
    "s3", "s3cluster", "gcs", "url", "urlcluster", "hdfs", "hdfscluster", "file", "deltalake", "iceberg",  # ClickHouse
    "delta_scan", "iceberg_scan", "st_read",  # DuckDB
}  # fmt: skip

INTEGER_WORDS = {
    "int",
    "integer",
    "bigint",
    "smallint",
    "tinyint",
    "int2",
    "int4",
    "int8",
    "int64",
    "serial",
    "bigserial",
}


FRACTION_WORDS = {"float", "double", "real", "double precision", "numeric", "decimal", "float4", "float8", "float64"}
CAST_ROUNDS_AWAY = {"bigquery", "snowflake", "mysql", "oracle", "presto", "trino", "athena"}
CAST_ROUNDS_BY_TYPE = {"postgres", "materialize", "risingwave"}
WEEKDAY_FROM_MONDAY = {"mysql", "spark", "spark2", "databricks"}
NAMED = {"LOG1P": "LOG1P", "EXPM1": "EXPM1", "PMOD": "MOD", "WEEKDAY": "WEEKDAY_MON0"}
ARITY = {"LOG1P": 1, "EXPM1": 1, "PMOD": 2, "WEEKDAY": 1, "BROUND": 1}


def like_pattern(node: exp.Like) -> tuple[str, str] | None:
    pattern = node.expression
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        return None
    written: str = pattern.this
    text = written.strip("%")
    if not text or any(c in text for c in "%_\\"):
        return None
    match written.startswith("%"), written.endswith("%"):
        case True, True:
            return "CONTAINS", text
        case False, True:
            return "STARTSWITH", text
        case True, False:
            return "ENDSWITH", text
        case _:
            return "EQ", text


def is_decimal(node: exp.Expr) -> bool:
    return any(cast.to.this.name == "DECIMAL" for cast in node.find_all(exp.Cast))


def cast_kind(to: exp.Expr) -> str:
    name = to.this.name if isinstance(to, exp.DataType) and hasattr(to.this, "name") else ""
    if name in INTEGERS:
        return "int"
    if name in FLOATS:
        # NUMERIC(10, 2) rounds, DECIMAL alone is a number of unlimited or unknown scale
        return "" if to.expressions else "float"
    if name in TEXTS:
        return "" if to.expressions else "text"
    if name in TIMES:
        return "timestamp"
    return {"BOOLEAN": "bool", "DATE": "date"}.get(name, "")


def unit_of(node: exp.Expr) -> str:
    unit = node.args.get("unit")
    return unit.name.upper() if unit is not None else "DAY"


def number_of(written: str) -> Expression:
    try:
        return Constant(int(written)) if written.isdigit() else Constant(float(written))
    except ValueError:
        return Unresolved(f"the number {written[:20]}")
