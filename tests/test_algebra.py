"""The expression algebra: what is equal, where things differ, and that the normal form changes no value."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllint.lineage.algebra import ERROR, equal, evaluate, normalise, rename, show, to_sqlglot, witness
from mllint.lineage.expressions import Apply, Column, Constant, Expression, Unresolved
from mllint.lineage.witness import differ

X, Y, Z = (Column("table:trips", name) for name in "xyz")
DAY, CITY = Column("table:trips", "day"), Column("table:trips", "city")


def make(operator: str, *arguments: Any) -> Expression:
    return Apply(operator, tuple(a if isinstance(a, Column | Apply | Constant) else Constant(a) for a in arguments))


# ------------------------------------------------------------------------------------------------ known pairs

SAME = {
    "a unit factor, as quotient and as product": (make("DIV", X, 1000), make("MUL", X, 0.001)),
    "a unit factor in two steps": (make("DIV", make("DIV", X, 60), 60), make("DIV", X, 3600)),
    "commuted": (make("ADD", X, Y, Z), make("ADD", Z, make("ADD", Y, X))),
    "nought among factors": (make("MUL", X, 0, X), make("MUL", X, X, 0)),
    "multiplied out": (make("MUL", 2, make("ADD", X, Y)), make("ADD", make("MUL", X, 2), make("MUL", 2, Y))),
    "content of a quotient": (
        make("DIV", make("MUL", 2, make("ADD", X, Y)), Z),
        make("DIV", make("ADD", make("MUL", 2, X), make("MUL", 2, Y)), Z),
    ),
    "a square": (make("POW", X, 2), make("MUL", X, X)),
    "a root": (make("POW", X, 0.5), make("SQRT", X)),
    "log1p": (make("LOG1P", X), make("LN", make("ADD", 1, X))),
    "log of base 2 by hand": (make("LOG2", X), make("DIV", make("LN", X), 0.6931471805599453)),
    "clip either way round": (
        make("LEAST", make("GREATEST", X, 0), 10),
        make("GREATEST", make("LEAST", X, 10), 0),
    ),
    "clip by CASE": (make("CASE", make("GT", X, 5), 5, X), make("LEAST", X, 5)),
    "comparison turned round": (make("GT", X, 3), make("LT", 3, X)),
    "negated comparison": (make("NOT", make("LE", X, 3)), make("GT", X, 3)),
    "double negation": (make("NOT", make("NOT", make("EQ", X, 3))), make("EQ", 3, X)),
    "a map and a CASE": (
        make("MAP", CITY, "Oslo", 1, "Bergen", 2, None),
        make("CASE", make("EQ", CITY, "Oslo"), 1, make("EQ", CITY, "Bergen"), 2, None),
    ),
    "fill by CASE": (make("CASE", make("IS_NULL", X), 0, X), make("COALESCE", X, 0)),
    "nested fills": (make("COALESCE", make("COALESCE", X, Y), 0), make("COALESCE", X, Y, 0)),
    "IN and OR": (make("OR", make("EQ", X, 1), make("EQ", 2, X)), make("IN", X, 2, 1)),
    "weekdays that are shifted": (make("WEEKDAY_MON0", DAY), make("SUB", make("WEEKDAY_ISO", DAY), 1)),
    "a weekday of what was read as a date": (
        make("WEEKDAY_SUN1", make("CAST", DAY, "date")),
        make("ADD", make("WEEKDAY_SUN0", make("CAST", DAY, "timestamp")), 1),
    ),
    "text joined with plus": (make("ADD", CITY, "-", "x"), make("CONCAT", CITY, "-x")),
    "constants folded": (make("MUL", X, make("MUL", 24, 3600)), make("MUL", 86400, X)),
}  # fmt: skip

# name: left, right, the row, left value, right value
DIFFERENT = {
    "kilometres and miles": (make("DIV", X, 1000), make("DIV", X, 1609.34), {"x": 1000}, 1.0, 1000 / 1609.34),
    "half to even and away": (make("ROUND_EVEN", X, 0), make("ROUND_AWAY", X, 0), {"x": 0.5}, 0.0, 1.0),
    "true and integer division": (make("DIV", X, 2), make("INTDIV", X, 2), {"x": 1}, 0.5, 0),
    "floor and truncation": (make("FLOORDIV", X, 2), make("INTDIV", X, 2), {"x": -1}, -1, 0),
    "modulo of a negative number": (make("MOD", X, 3), make("REM", X, 3), {"x": -1}, 2, -1),
    "log and log2": (make("LN", X), make("LOG2", X), {"x": 2}, 0.6931471805599453, 1.0),
    "clip and none": (make("LEAST", X, 100), X, {"x": 101}, 100, 101),
    "an unseen category": (make("MAP", CITY, "a", 1, None), make("MAP", CITY, "a", 1, 0), {"city": "A"}, None, 0),
    "case folding": (make("EQ", CITY, "Oslo"), make("EQ", make("LOWER", CITY), "oslo"), {"city": "OSLO"}, False, True),
    "stripped text": (make("LENGTH", CITY), make("LENGTH", make("TRIM", CITY)), {"city": " a "}, 3, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_the_same(name: str) -> None:
    a, b = SAME[name]
    assert equal(a, b) is True, (show(normalise(a)), show(normalise(b)))
    assert witness(a, b) is None


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name: str) -> None:
    a, b, row, left, right = DIFFERENT[name]
    assert equal(a, b) is False
    found = witness(a, b)
    assert found is not None
    assert (found.inputs, found.kind) == (row, "value")
    assert found.left == left
    assert found.right == pytest.approx(right)


def test_weekday_numbers_differ_on_a_day() -> None:
    found = witness(make("WEEKDAY_MON0", DAY), make("WEEKDAY_SUN0", DAY))
    assert found is not None
    assert found.inputs == {"day": datetime.datetime(2024, 1, 1)}
    assert (found.left, found.right) == (0, 1)


def test_a_fill_differs_on_missing_rows_only() -> None:
    found = witness(make("COALESCE", X, 0), X)
    assert found is not None
    assert (found.kind, found.inputs, found.left, found.right) == ("null", {"x": None}, 0, None)


def test_a_guard_differs_where_the_other_fails() -> None:
    found = witness(make("DIV", 1, make("CASE", make("EQ", X, 0), None, X)), make("DIV", 1, X))
    assert found is not None
    assert (found.kind, found.right) == ("error", ERROR)


def test_unknown_is_equal_to_nothing() -> None:
    assert equal(Unresolved("why"), Unresolved("why")) is None
    assert equal(make("ADD", X, Apply("NEG", (Unresolved(),))), X) is None
    assert witness(Unresolved(), X) is None


def test_a_call_is_equal_only_to_itself() -> None:
    zone, other = make("CALL", "GEOHASH", X, 5), make("CALL", "H3", X, 5)
    assert equal(make("ADD", zone, 1), make("ADD", 1, zone)) is True
    assert equal(zone, other) is None
    assert witness(zone, other) is None


def test_other_aggregates_differ_without_a_row() -> None:
    assert equal(make("MEAN", X), make("MEDIAN", X)) is False
    assert witness(make("MEAN", X), make("MEDIAN", X)) is None


def test_an_aggregate_is_an_input_of_the_row() -> None:
    scaled = make("DIV", make("SUB", X, make("MEAN", X)), make("STD", X))
    centred = make("SUB", X, make("MEAN", X))
    assert equal(scaled, scaled) is True
    assert equal(make("MUL", centred, 2), centred) is False


def test_columns_are_renamed_by_the_caller() -> None:
    body = Column("endpoint:POST /eta", "metres")
    assert equal(make("DIV", X, 1000), make("DIV", body, 1000)) is False
    assert equal(make("DIV", X, 1000), make("DIV", body, 1000), {X: body}) is True
    assert rename(make("ADD", X, Y), {X: body}) == make("ADD", body, Y)


def test_a_type_may_be_given() -> None:
    found = witness(X, make("CALL", "f", X), {"x": "text"})
    assert found is None
    found = witness(make("EQ", X, Y), make("EQ", Y, make("LOWER", X)), {"y": "text"})
    assert found is not None
    assert isinstance(found.inputs["y"], str)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (make("DIV", X, 1000), "x / 1000"),
        (make("MUL", make("ADD", X, 1), Y), "(x + 1) * y"),
        (make("SUB", X, make("SUB", Y, Z)), "x - (y - z)"),
        (make("AND", make("GT", X, 1), make("OR", make("IS_NULL", Y), make("EQ", CITY, "O'Hare"))),
         "x > 1 and (y is null or city = 'O''Hare')"),
        (make("CASE", make("LT", X, 0), "low", None), "case when x < 0 then 'low' else null end"),
        (make("CALL", "GEOHASH", X, 5), "geohash(x, 5)"),
        (make("ROUND_EVEN", X, 0), "round_half_even(x)"),
        (Unresolved(), "?"),
    ],
)  # fmt: skip
def test_show(expression: Expression, text: str) -> None:
    assert show(expression) == text


def test_to_sqlglot_keeps_brackets() -> None:
    assert to_sqlglot(make("MUL", make("ADD", X, 1), Y)).sql() == "(x + 1) * y"
    assert to_sqlglot(make("CASE", make("GT", X, 1), 2, None)).sql() == "CASE WHEN x > 1 THEN 2 ELSE NULL END"
    assert to_sqlglot(make("ROUND_EVEN", X, 2)).sql() == "ROUND_EVEN(x, 2)"
    assert to_sqlglot(make("IN", X, 1, 2)).sql() == "x IN (1, 2)"


# --------------------------------------------------------------------------------------------- evaluation


@pytest.mark.parametrize(
    ("expression", "row", "value"),
    [
        (make("AND", make("GT", X, 1), make("IS_NULL", Y)), {"x": 0}, False),
        (make("AND", make("GT", X, 1), make("GT", Y, 1)), {"y": 2}, None),
        (make("OR", make("GT", X, 1), make("DIV", 1, 0)), {"x": 2}, True),
        (make("IN", X, 1, None), {"x": 2}, None),
        (make("ROUND_EVEN", X, 2), {"x": 2.675}, 2.68),
        (make("ROUND_EVEN", X, -2), {"x": 250}, 200.0),
        (make("SUBSTRING", CITY, 1, 3), {"city": "Oslo"}, "sl"),
        (make("SUBSTRING", CITY, 1, None), {"city": "Oslo"}, "slo"),
        (make("DATEDIFF_DAYS", DAY, "2024-02-01"), {"day": datetime.date(2024, 3, 1)}, 29),
        (make("WEEK", DAY), {"day": datetime.date(2024, 12, 30)}, 1),
        (make("CAST", X, "int"), {"x": -1.7}, -1),
        (make("CAST", X, "int"), {"x": "12"}, 12),
        (make("CAST", DAY, "date"), {"day": "2024-03-01T10:00:00"}, datetime.date(2024, 3, 1)),
        (make("CONCAT", X, "-", Y), {"x": 1.0, "y": True}, "1-true"),
        (make("ADD", DAY, 1), {"day": datetime.date(2024, 2, 28)}, datetime.date(2024, 2, 29)),
        (make("GREATEST", X, Y), {"x": 1}, None),
        (make("ADD", X, 1), {"x": float("nan")}, None),
        (make("SQRT", X), {"x": -1}, ERROR),
        (make("POW", X, make("POW", 10, 9)), {"x": 10}, ERROR),
        (make("EXP", X), {"x": 1e9}, ERROR),
        (make("MUL", CITY, 10**9), {"city": "a"}, ERROR),
        (make("NO_SUCH", X), {"x": 1}, ERROR),
        (make("SUM", X), {"x": 1}, ERROR),
    ],
)
def test_evaluate(expression: Expression, row: dict[str, Any], value: Any) -> None:
    assert evaluate(expression, row) == value


# --------------------------------------------------------------------------------------------- properties

_numbers = st.sampled_from([0, 1, -1, 2, 3, 0.5, 2.5, -0.25, 10, 1000, 0.001, 60])
_leaves = st.one_of(st.sampled_from([X, Y, Z]), _numbers.map(Constant), st.just(Constant(None)))
_TESTS = ["EQ", "NE", "LT", "LE", "GT", "GE"]


def _numeric(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    two = st.tuples(inner, inner)
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    test = st.builds(Apply, st.sampled_from(_TESTS), two)
    logic = st.one_of(
        test,
        st.builds(Apply, st.sampled_from(["AND", "OR"]), st.tuples(test, test)),
        st.builds(lambda t: Apply("NOT", (t,)), test),
        st.builds(lambda x: Apply("IS_NULL", (x,)), inner),
        st.builds(lambda x, options: Apply("IN", (x, *options)), inner, many),
    )
    return st.one_of(
        st.builds(Apply, st.sampled_from(["ADD", "MUL", "LEAST", "GREATEST", "COALESCE"]), many),
        st.builds(Apply, st.sampled_from(["SUB", "DIV", "MOD", "REM", "INTDIV", "FLOORDIV"]), two),
        st.builds(Apply, st.sampled_from(["NEG", "ABS", "FLOOR", "LOG1P", "LOG2", "SIGN", "SQRT"]), st.tuples(inner)),
        st.builds(lambda x, n: Apply("POW", (x, Constant(n))), inner, st.sampled_from([1, 2, 3, 0.5])),
        st.builds(lambda t, a, b: Apply("CASE", (t, a, b)), logic, inner, inner),
        st.builds(lambda t, u, a, b, c: Apply("CASE", (t, a, u, b, c)), logic, logic, inner, inner, inner),
        st.builds(
            lambda x, a, b: Apply("MAP", (x, Constant(1), a, Constant(2), b, Constant(None))), inner, inner, inner
        ),
    )


expressions = st.recursive(_leaves, _numeric, max_leaves=10)
rows = st.fixed_dictionaries({name: st.sampled_from([None, 0, 1, -1, 2, 2.5, 7, -3.25, 1000]) for name in "xyz"})


def _near(a: Any, b: Any) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float) and not isinstance(a, bool):
        return bool(a == pytest.approx(b, rel=1e-6, abs=1e-6))
    return not differ(a, b)


@settings(max_examples=300, deadline=None)
@given(expressions, rows)
def test_the_normal_form_keeps_the_value(expression: Expression, row: dict[str, Any]) -> None:
    assert _near(evaluate(expression, row), evaluate(normalise(expression), row))


@settings(max_examples=200, deadline=None)
@given(expressions)
def test_the_normal_form_is_stable(expression: Expression) -> None:
    once = normalise(expression)
    assert show(normalise(once)) == show(once)


@settings(max_examples=60, deadline=None)
@given(expressions, expressions)
def test_a_witness_is_a_disagreement_and_equal_has_none(a: Expression, b: Expression) -> None:
    found = witness(a, b)
    if found is not None:
        assert differ(evaluate(a, found.inputs), evaluate(b, found.inputs))
        assert found == witness(a, b)
        assert equal(a, b) is not True


@settings(max_examples=100, deadline=None)
@given(expressions, st.randoms(use_true_random=False))
def test_commuted_and_renamed_variants_are_equal(expression: Expression, dice: Any) -> None:
    other = {column: Column("endpoint:POST /x", column.name) for column in (X, Y, Z)}
    assert equal(expression, _commuted(rename(expression, other), dice), other) is True


def _commuted(expression: Expression, dice: Any) -> Expression:
    if not isinstance(expression, Apply):
        return expression
    arguments = [_commuted(argument, dice) for argument in expression.arguments]
    if expression.operator in ("ADD", "MUL", "LEAST", "GREATEST", "AND", "OR", "EQ", "NE"):
        dice.shuffle(arguments)
    return Apply(expression.operator, tuple(arguments))
