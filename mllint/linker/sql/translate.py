"""From sqlglot's expressions to ours, with what the dialect means made explicit.

SQL writes `a / b`, `ROUND(x)`, `DAYOFWEEK(d)` or `LOG(x)` everywhere and means different things; the operators of
`mllint.lineage.expressions` do not. What has no operator becomes `CALL`, which is equal only to itself.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from mllint.lineage.expressions import Column, Constant, Expression, Unresolved, apply
from mllint.linker.sql.meanings import (
    ARITY,
    CAST_ROUNDS_AWAY,
    CAST_ROUNDS_BY_TYPE,
    FRACTION_WORDS,
    INTEGER_WORDS,
    LOG_IS_10,
    NAMED,
    PARTS,
    SIMPLE,
    SUNDAY_0,
    WEEKDAY_FROM_MONDAY,
    cast_kind,
    is_decimal,
    like_pattern,
    number_of,
    unit_of,
)
from mllint.linker.sql.text import is_hole, named

Resolve = Callable[[exp.Column | exp.Query], Expression]
TypeOf = Callable[[Column], str]


def from_sqlglot(node: exp.Expr, resolve_column: Resolve, dialect: str, type_of: TypeOf | None = None) -> Expression:
    """Our expression for one of sqlglot's, parsed in `dialect`.

    `resolve_column` says what a column, or a subquery, means; `type_of` its declared SQL type where known (lower
    case, or empty): it decides whether `a / b` divides integers."""
    return _Translation(resolve_column, dialect, type_of).of(node)


def named_windows(node: exp.Window) -> list[exp.Expr]:
    """The definition of the named window that is used: sum(fare) OVER w ... WINDOW w AS (...)"""
    name = node.args.get("alias")
    select = node.find_ancestor(exp.Select) if name is not None else None
    listed = select.args.get("windows") or () if select is not None and node.args.get("over") else ()
    return [w for w in listed if name is not None and w.name.lower() == name.name.lower() and w is not node]


def _names_a_window(node: exp.Window) -> bool:
    return node.args.get("alias") is not None and bool(node.args.get("over"))


class _Translation:
    def __init__(self, resolve: Resolve, dialect: str, type_of: TypeOf | None) -> None:
        self.resolve = resolve
        self.dialect = dialect
        self.type_of = type_of

    def of(self, node: exp.Expr) -> Expression:
        operator = SIMPLE.get(type(node))
        if operator is not None:
            return self._simple(node, operator)
        match node:
            case exp.Column():
                return hole(node) if is_hole(node.name) else self.resolve(node)
            case exp.Literal():
                return Constant(node.this) if node.is_string else number_of(node.this)
            case exp.Boolean():
                return Constant(bool(node.this))
            case exp.Null():
                return Constant(None)
            case exp.Paren() | exp.Alias():
                return self.of(node.this)
            case exp.Exists():
                return Unresolved("a subquery")
            case exp.Query():
                return self.resolve(node)
            case exp.Placeholder() | exp.Parameter() | exp.SessionParameter():
                return Unresolved("a parameter", _parameter(node))
            case exp.Cast():
                return self._cast(node)
            case exp.Div():
                return self._division(node)
            case exp.Window():
                return self._window(node)
            case exp.Case() | exp.If():
                return self._case(node)
            case _:
                return self._more(node)

    def _more(self, node: exp.Expr) -> Expression:
        match node:
            case exp.Coalesce():
                return self._apply("COALESCE", node.this, *node.expressions)
            case exp.Nullif():
                tested = apply("EQ", self.of(node.this), self.of(node.expression))
                return apply("CASE", tested, Constant(None), self.of(node.this))
            case exp.Greatest() | exp.Least():
                return self._apply(
                    "GREATEST" if isinstance(node, exp.Greatest) else "LEAST", node.this, *node.expressions
                )
            case exp.Round():
                return self._round(node)
            case exp.Is():
                return self._is(node)
            case exp.In():
                if node.args.get("query") or node.args.get("unnest"):
                    return Unresolved("a subquery")
                return self._apply("IN", node.this, *node.expressions)
            case exp.Between():
                low, high = node.args["low"], node.args["high"]
                return apply("AND", self._apply("GE", node.this, low), self._apply("LE", node.this, high))
            case exp.Like() if like_pattern(node) is not None:
                return self._like(node)
            case exp.Trim() if not node.expression and not node.args.get("position"):
                return self._apply("TRIM", node.this)
            case exp.Concat() | exp.DPipe():
                return self._concat(node)
            case exp.Substring():
                return self._substring(node)
            case exp.Left():
                return apply("SUBSTRING", self.of(node.this), Constant(0), self.of(node.expression))
            case exp.Replace() if node.args.get("replacement") is not None:
                return self._apply("REPLACE", node.this, node.expression, node.args["replacement"])
            case exp.Log():
                return self._log(node)
            case exp.SafeDivide():
                divisor = self.of(node.expression)
                guard = apply("EQ", divisor, Constant(0))
                return apply("CASE", guard, Constant(None), apply("DIV", self.of(node.this), divisor))
            case exp.Anonymous() if len(node.expressions) == ARITY.get(node.name.upper(), -1):
                return self._named(node)
            case _:
                return self._times(node)

    def _times(self, node: exp.Expr) -> Expression:
        match node:
            case exp.Extract():
                return self._part(node.this.name, node.expression)
            case exp.DayOfWeek():
                sunday = "WEEKDAY_SUN0" if self.dialect in SUNDAY_0 else "WEEKDAY_SUN1"
                return self._apply(sunday, node.this)
            case exp.WeekOfYear() | exp.Week() if not node.args.get("mode"):
                return self._apply("WEEK", node.this)
            case exp.DateDiff() if unit_of(node) == "DAY":
                return self._apply("DATEDIFF_DAYS", node.this, node.expression)
            case exp.Date() | exp.TsOrDsToDate() if node.this is not None and not node.args.get("zone"):
                return apply("CAST", self.of(node.this), Constant("date"))
            case exp.Count():
                if isinstance(node.this, exp.Star) or node.this is None:
                    return apply("COUNT", Constant(1))
                return self._call(node) if isinstance(node.this, exp.Distinct) else self._apply("COUNT", node.this)
            case exp.Bracket() if len(node.expressions) == 1:
                return self._apply("ITEM", node.this, node.expressions[0])
            case exp.TsOrDsToTimestamp() | exp.Timestamp() if node.this is not None and not node.args.get("zone"):
                return apply("CAST", self.of(node.this), Constant("timestamp"))
            case exp.UnixToTime() | exp.TimeToUnix() if isinstance(node, exp.TimeToUnix):
                return self._apply("EPOCH_SECONDS", node.this)
            case _:
                return self._call(node)

    def _named(self, node: exp.Anonymous) -> Expression:
        """Functions that sqlglot keeps by name."""
        name = node.name.upper()
        if name == "BROUND":  # Spark and Hive: half to even
            return apply("ROUND_EVEN", *[self.of(e) for e in node.expressions], Constant(0))
        if name == "WEEKDAY" and self.dialect not in WEEKDAY_FROM_MONDAY:
            return self._call(node)
        return self._apply(NAMED[name], *node.expressions)

    def _like(self, node: exp.Like) -> Expression:
        """`LIKE '%x%'` contains, `LIKE 'x%'` starts with."""
        operator, text = like_pattern(node) or ("EQ", "")
        return apply(operator, self.of(node.this), Constant(text))

    # ------------------------------------------------------------------------------------------------- parts

    def _apply(self, operator: str, *nodes: exp.Expr) -> Expression:
        return apply(operator, *[self.of(node) for node in nodes])

    def _simple(self, node: exp.Expr, operator: str) -> Expression:
        if isinstance(node, exp.Binary):
            return self._apply(operator, node.left, node.right)
        arguments = [node.this, node.args.get("expression")]
        if isinstance(node, exp.Floor | exp.Ceil) and node.args.get("decimals") is not None:
            return self._call(node)
        if isinstance(node.this, exp.Distinct):  # SUM(DISTINCT x)
            return self._call(node)
        if isinstance(node, exp.Stddev) and self.dialect == "mysql":  # of the population
            return apply("CALL", Constant("STDDEV_POP"), self.of(node.this))
        return self._apply(operator, *[a for a in arguments if isinstance(a, exp.Expr)])

    def _call(self, node: exp.Expr) -> Expression:
        """A call without an operator of ours. Only functions: other syntax has parts that would be lost."""
        if not isinstance(node, exp.Func) or node.find(exp.Query):
            return Unresolved(f"{type(node).__name__} is not modelled")
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        arguments: list[Expression] = [Constant(name.upper())]
        for key, value in node.args.items():
            if isinstance(node, exp.Anonymous) and key == "this":
                continue
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, exp.Var | exp.DataType | exp.Identifier | exp.Interval):
                    arguments.append(Constant(part.sql()))
                elif isinstance(part, exp.Distinct):
                    arguments += [Constant("DISTINCT"), *[self.of(e) for e in part.expressions]]
                elif isinstance(part, exp.Expr):
                    arguments.append(self.of(part))
                elif isinstance(part, str):
                    arguments.append(Constant(part))
        return apply("CALL", *arguments)

    def _cast(self, node: exp.Cast) -> Expression:
        kind = cast_kind(node.to)
        value = self.of(node.this)
        if kind == "int" and self._is_fractional(node.this):
            way = "ROUND_AWAY" if self.dialect in CAST_ROUNDS_AWAY else ""
            if self.dialect in CAST_ROUNDS_BY_TYPE:  # double precision half to even, numeric half away
                way = "ROUND_EVEN" if node.this.find(exp.Cast) and not is_decimal(node.this) else "ROUND_AWAY"
            value = apply(way, value, Constant(0)) if way else value
        if kind:
            return apply("CAST", value, Constant(kind))
        return apply("CALL", Constant("CAST"), value, Constant(node.to.sql().lower()))

    def _division(self, node: exp.Div) -> Expression:
        """`7 / 2` is 3 in Postgres, T-SQL, SQLite, Presto (`typed`) and 3.5 in BigQuery, Snowflake, MySQL, Spark.
        Where types are not known, true division is assumed: a false alarm costs more than a miss."""
        whole = node.args.get("typed") and self._is_integer(node.left) and self._is_integer(node.right)
        return self._apply("INTDIV" if whole else "DIV", node.left, node.right)

    def _is_integer(self, node: exp.Expr) -> bool:
        match node:
            case exp.Literal():
                return not node.is_string and node.this.lstrip("-").isdigit()
            case exp.Cast():
                return cast_kind(node.to) == "int"
            case exp.Paren() | exp.Neg() | exp.Abs() | exp.Sum() | exp.Min() | exp.Max():
                return isinstance(node.this, exp.Expr) and self._is_integer(node.this)
            case exp.Add() | exp.Sub() | exp.Mul() | exp.Mod() | exp.Div():
                return self._is_integer(node.left) and self._is_integer(node.right)
            case exp.Count() | exp.Length() | exp.Extract() | exp.DateDiff() | exp.Year() | exp.Month() | exp.Day():
                return True
            case exp.Column() if self.type_of is not None:
                meaning = self.resolve(node)
                declared = self.type_of(meaning) if isinstance(meaning, Column) else ""
                return bool(declared) and declared.split("(")[0].strip() in INTEGER_WORDS
            case _:
                return False

    def _is_fractional(self, node: exp.Expr) -> bool:
        """Whether a number surely may have a fraction: what a cast to integer does with that differs by dialect."""
        match node:
            case exp.Literal():
                return not node.is_string and not node.this.isdigit()
            case exp.Cast():
                return cast_kind(node.to) == "float" or node.to.this.name == "DECIMAL"
            case exp.Div():
                return not (node.args.get("typed") and self._is_integer(node.left) and self._is_integer(node.right))
            case exp.Avg() | exp.Sqrt() | exp.Ln() | exp.Exp():
                return True
            case exp.Add() | exp.Sub() | exp.Mul():
                return self._is_fractional(node.left) or self._is_fractional(node.right)
            case exp.Paren() | exp.Neg() | exp.Abs():
                return self._is_fractional(node.this)
            case exp.Column() if self.type_of is not None:
                meaning = self.resolve(node)
                declared = self.type_of(meaning) if isinstance(meaning, Column) else ""
                return declared.split("(")[0].strip() in FRACTION_WORDS
            case _:
                return False

    def _window(self, node: exp.Window) -> Expression:
        lag = node.this
        if isinstance(lag, exp.Lag | exp.Lead):
            offset = lag.args.get("offset")
            rows = self.of(offset) if offset is not None else Constant(1)
            if isinstance(rows, Constant) and isinstance(rows.value, int):
                rows = Constant(rows.value if isinstance(lag, exp.Lag) else -rows.value)
                return apply("CALL", Constant("OVER"), apply("LAG", self.of(lag.this), rows), *self._over(node))
        return apply("CALL", Constant("OVER"), self.of(lag), *self._over(node))

    def _over(self, node: exp.Window) -> list[Expression]:
        """The keys of its groups, its order, its frame; some of these may stand in the window that it names."""
        places = [node, *named_windows(node)]
        listed = [part for place in places for part in place.args.get("partition_by") or ()]
        parts: list[Expression] = [self.of(part) for part in listed]
        orders = [place.args["order"] for place in places if place.args.get("order") is not None]
        for ordered in orders[0].expressions if orders else ():
            parts += [Constant("DESC" if ordered.args.get("desc") else "ASC"), self.of(ordered.this)]
        specs = [place.args["spec"] for place in places if place.args.get("spec") is not None]
        if not specs and len(places) == 1 and _names_a_window(node):
            return [*parts, Constant("a window that is not defined here")]
        return [*parts, Constant(specs[0].sql() if specs else "")]

    def _case(self, node: exp.Expr) -> Expression:
        if isinstance(node, exp.If):
            branches = [node]
            otherwise = node.args.get("false")
        else:
            branches, otherwise = node.args.get("ifs") or [], node.args.get("default")
        parts: list[Expression] = []
        for branch in branches:
            test = self.of(branch.this)
            if isinstance(node, exp.Case) and node.this is not None:  # CASE x WHEN 1 THEN ...
                test = apply("EQ", self.of(node.this), test)
            parts += [test, self.of(branch.args["true"])]
        return apply("CASE", *parts, self.of(otherwise) if otherwise is not None else Constant(None))

    def _round(self, node: exp.Round) -> Expression:
        """Half away from zero, as the standard wants it; BigQuery and Snowflake can be asked for half to even."""
        digits = node.args.get("decimals")
        mode = node.args.get("truncate")
        if mode is not None:
            return self._call(node)
        return apply("ROUND_AWAY", self.of(node.this), self.of(digits) if digits is not None else Constant(0))

    def _is(self, node: exp.Is) -> Expression:
        if isinstance(node.expression, exp.Null):
            return self._apply("IS_NULL", node.this)
        if isinstance(node.expression, exp.Boolean):  # x IS TRUE: never null
            equal = self._apply("EQ", node.this, node.expression)
            return apply("COALESCE", equal, Constant(False))
        return Unresolved("IS")

    def _concat(self, node: exp.Expr) -> Expression:
        parts = node.flatten() if isinstance(node, exp.DPipe) else node.expressions
        values = [self.of(part) for part in parts]
        if isinstance(node, exp.Concat) and node.args.get("coalesce"):  # Postgres, T-SQL: CONCAT skips nulls
            values = [v if isinstance(v, Constant) else apply("COALESCE", v, Constant("")) for v in values]
        return apply("CONCAT", *values)

    def _substring(self, node: exp.Substring) -> Expression:
        """SQL counts from 1 and takes a length; ours counts from 0 and takes an end."""
        start, length = self.of(node.args.get("start") or exp.Literal.number(1)), node.args.get("length")
        match start:
            case Constant(value=int(first)) if first >= 1:
                begin: Expression = Constant(first - 1)
            case Constant():
                return self._call(node)  # from the end, or 0: dialects differ
            case _:
                begin = apply("SUB", start, Constant(1))
        if length is None:
            return apply("SUBSTRING", self.of(node.this), begin, Constant(None))
        size = self.of(length)
        match begin, size:
            case Constant(value=int(first)), Constant(value=int(count)):
                return apply("SUBSTRING", self.of(node.this), begin, Constant(first + count))
            case _:
                return apply("SUBSTRING", self.of(node.this), begin, apply("ADD", begin, size))

    def _log(self, node: exp.Log) -> Expression:
        """sqlglot keeps LOG(base, x) in that order; LOG(x) is the natural or the decimal one, by dialect."""
        if node.expression is None:
            return self._apply("LOG10" if self.dialect in LOG_IS_10 else "LN", node.this)
        base, value = self.of(node.this), self.of(node.expression)
        match base:
            case Constant(value=2):
                return apply("LOG2", value)
            case Constant(value=10):
                return apply("LOG10", value)
            case _:
                return apply("DIV", apply("LN", value), apply("LN", base))

    def _part(self, name: str, value: exp.Expr) -> Expression:
        word = name.upper()
        if word in ("DAYOFWEEK", "DW", "WEEKDAY") or (word == "DOW" and self.dialect in ("presto", "trino", "athena")):
            if self.dialect in ("presto", "trino", "athena"):
                return self._apply("WEEKDAY_ISO", value)
            return self._apply("WEEKDAY_SUN0" if self.dialect in SUNDAY_0 else "WEEKDAY_SUN1", value)
        operator = PARTS.get(word)
        if operator is None or (word == "WEEK" and self.dialect in ("bigquery", "mysql", "tsql")):
            return apply("CALL", Constant("EXTRACT"), Constant(word), self.of(value))
        return self._apply(operator, value)


def hole(column: exp.Column) -> Unresolved:
    """`%(km)s`, or what a text was put together from: `{km}`."""
    name = named(column.name)
    return Unresolved(name, name.strip("{}"))


def _parameter(node: exp.Expr) -> str:
    """`:km`, `@km`, `$1`; of `?` and `%s` the number, counted through the statement."""
    if node.name not in ("", "?"):
        return node.name
    root = node.root()
    if "placeholders" not in root.meta:
        placeholders = root.find_all(exp.Placeholder, bfs=False)
        root.meta["placeholders"] = {id(other): str(i) for i, other in enumerate(placeholders, 1)}
    return str(root.meta["placeholders"].get(id(node), ""))  # T-SQL: of `@@ROWCOUNT` there is none
