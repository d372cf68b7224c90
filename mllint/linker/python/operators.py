"""Operators and tests on values."""

from __future__ import annotations

import operator as op
from typing import Any

from mllint.facts import python as facts
from mllint.lineage import expressions as ex
from mllint.linker.python import classes
from mllint.linker.python.abstract import json_texts, texts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell, MaybeNone
from mllint.linker.python.abstract.losses import because
from mllint.linker.python.abstract.tables import Table
from mllint.linker.python.abstract.values import (
    Choice,
    Class,
    Column,
    Constant,
    Text,
    Tuple,
    Unknown,
    expression_of_value,
    is_text,
    join,
    join_all,
    origins_of,
    text_of,
)
from mllint.linker.python.frames import frames, limits, listed
from mllint.linker.python.iteration import Items, is_inner, items_of, set_operation
from mllint.linker.python.machine import Machine
from mllint.linker.python.operations import MOST_IN_SEQUENCE, sequence

_ARITHMETIC = {
    "+": op.add, "-": op.sub, "*": op.mul, "/": op.truediv, "//": op.floordiv, "%": op.mod, "&": op.and_,
    "|": op.or_, "^": op.xor, "<<": op.lshift, ">>": op.rshift,
}  # fmt: skip
_MEANING = {
    "+": "ADD", "-": "SUB", "*": "MUL", "/": "DIV", "//": "FLOORDIV", "%": "MOD", "**": "POW", "&": "AND", "|": "OR",
    "==": "EQ", "!=": "NE", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE",
}  # fmt: skip


_SPECIAL = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "%": "mod", "|": "or", "&": "and", ">>": "rshift"}


def binary(
    m: Machine, operator: str, left: Any, right: Any, at: facts.At, names: tuple[str, str] = ("unknown", "unknown")
) -> Any:
    """`names` are those of the operands, for what is unknown in a text made of them."""
    if isinstance(left, Cell) and left.kind == "instance" and operator in _SPECIAL:
        made = classes.operate(m, left, (f"__{_SPECIAL[operator]}__",), Arguments((right,)), at)
        if made is not None:
            return made
    if (isinstance(left, Cell) and left.kind == "frame") or (isinstance(right, Cell) and right.kind == "frame"):
        return frames.arithmetic(m, left, right)
    if operator == "/" and is_text(left) and isinstance(right, Column):
        return texts.join_paths([left, right])  # `folder / row["name"]`
    if isinstance(left, Column) or isinstance(right, Column):
        return column_operation(m, _MEANING.get(operator, "CALL"), [left, right], at)
    if operator == "+" and isinstance(right, Constant) and json_texts.is_json(left):
        return left  # `json.dumps(row) + "\n"`
    if operator == "+" and (is_text(left) or is_text(right)):
        return texts.concatenate([(left, names[0]), (right, names[1])])
    if operator == "/" and _is_path(left, right):
        return texts.join_paths([left, right])
    if operator == "%" and is_text(left):
        return _percent(m, left, right, at)
    if isinstance(left, Choice) or isinstance(right, Choice):
        pairs = texts.combinations([_options(left), _options(right)])
        return join_all([binary(m, operator, a, b, at) for a, b in pairs])
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _constants(operator, left, right)
    if isinstance(left, Cell | Tuple) and isinstance(right, Cell | Tuple) and operator in ("+", "|"):
        return _together(m, operator, left, right, at)
    if operator == "+" and any(isinstance(side, Cell) and side.kind == "list" for side in (left, right)):
        return _together(m, operator, left, right, at)  # a list and what is not known: a list that is known in part
    if operator in _OF_SETS and all(isinstance(side, Cell) and side.kind == "list" for side in (left, right)):
        return set_operation(m, _OF_SETS[operator], left, right, at)
    if operator == "*" and isinstance(left, Cell) and left.kind == "list" and isinstance(right, Constant | Unknown):
        return _repeated(m, left, right, at)
    if operator == ">>" or operator == "<<":  # task dependencies: `a >> b` is b
        return right if operator == ">>" else left
    result = Unknown(origins_of(left) | origins_of(right))
    return because(result, (left, right), "an operation has unknown operands", m.span(at))


def _repeated(m: Machine, items: Cell, times: Any, at: facts.At) -> Any:
    """`[None] * len(rows)`: items that are set later, however many there are."""
    found = items_of(m, items, at)
    number = times.value if isinstance(times, Constant) and isinstance(times.value, int) else None
    if found.known is not None and number is not None and 0 <= number * len(found.known) <= MOST_IN_SEQUENCE:
        return m.heap.new("list", {"items": tuple(found.known * number)}, (m.now.path, at))
    return m.heap.new("list", {"items": (), "<rest>": found.any}, (m.now.path, at))


_OF_SETS = {"-": "difference", "&": "intersection", "^": "symmetric_difference"}


def _options(value: Any) -> tuple[Any, ...]:
    return value.options if isinstance(value, Choice) else (value,)


def _is_path(left: Any, right: Any) -> bool:
    return any(is_text(option) for option in _options(left)) or (
        isinstance(left, Unknown) and any(is_text(option) for option in _options(right))
    )


def _percent(m: Machine, left: Any, right: Any, at: facts.At) -> Any:
    template = text_of(left)
    if template is None or not isinstance(left, Constant):
        return Unknown(origins_of(left) | origins_of(right), "the format is not known", m.span(at))
    if isinstance(right, Cell) and right.kind == "dict":
        entries = {k: v for k, v in right.slots.items() if isinstance(k, str)}
        return texts.percent(template, [], entries)
    arguments = list(right.items) if isinstance(right, Tuple) else [right]
    return texts.percent(template, arguments, None)


def _constants(operator: str, left: Constant, right: Constant) -> Any:
    settings = (left.settings + right.settings)[:4]
    try:
        if operator == "**":
            small = isinstance(right.value, int | float) and abs(right.value) < 64
            value = op.pow(left.value, right.value) if small else None
        elif operator == "*" and (isinstance(left.value, str) or isinstance(right.value, str)):
            count = min((v for v in (left.value, right.value) if isinstance(v, int)), default=0)
            value = op.mul(left.value, right.value) if count <= 80 else None
        elif operator == "<<" and not (isinstance(right.value, int) and right.value < 64):
            value = None
        else:
            value = _ARITHMETIC[operator](left.value, right.value) if operator in _ARITHMETIC else None
    except Exception:  # the analysed program would raise here
        value = None
    too_large = (isinstance(value, int) and value.bit_length() > 63) or (isinstance(value, str) and len(value) > 4096)
    if isinstance(value, bool | int | float | str) and not too_large:
        return Constant(value, settings)
    return Unknown()


def _together(m: Machine, operator: str, left: Any, right: Any, at: facts.At) -> Any:
    """`list + list`, `dict | dict`."""
    if isinstance(left, Cell) and left.kind == "dict" and isinstance(right, Cell) and right.kind == "dict":
        return m.heap.new("dict", {**left.slots, **right.slots}, (m.now.path, at))
    a, b = items_of(m, left, at), items_of(m, right, at)
    if a.known is not None and b.known is not None:
        if isinstance(left, Tuple) and len(a.known) + len(b.known) <= MOST_IN_SEQUENCE:
            return Tuple((*a.known, *b.known))
        made = sequence(m, [*a.known, *b.known], at)
        return listed.asked(made) if listed.is_asked(left) or listed.is_asked(right) else made
    known = [item for side, items in ((left, a), (right, b)) for item in _known_items(side, items.known)]
    made = sequence(m, known, at, join(_unknown_items(left, a), _unknown_items(right, b)))
    buts = [
        listed.left_out(left) if b.known is not None else None,
        listed.left_out(right) if a.known is not None else None,
    ]
    return listed.complement(made, next((but for but in buts if but is not None), None))


def _known_items(side: Any, known: list[Any] | None) -> list[Any]:
    """The items that a list certainly has: `names + more_names + ["km"]`."""
    if known is not None:
        return known
    return list(side.slots["items"]) if isinstance(side, Cell) and side.kind == "list" else []


def _unknown_items(side: Any, items: Items) -> Any:
    """Any further item of it."""
    if items.known is not None:
        return None
    return side.slots["<rest>"] if isinstance(side, Cell) and side.kind == "list" else items.any


def column_operation(m: Machine, operator: str, operands: list[Any], at: facts.At) -> Column:
    """A computation on columns: its expression, from those of the operands."""
    origins = frozenset().union(*(origins_of(operand) for operand in operands))
    expressions = tuple(expression_of_value(operand) for operand in operands)
    first = next(operand for operand in operands if isinstance(operand, Column))
    expression = ex.apply(operator, *expressions) if operator != "CALL" else ex.Unresolved("an unmodelled operator")
    function = m.now.function.qualified if m.now.function else ""
    # `prediction - y` is no prediction any more, `prediction * 100` is
    others = [operand for operand in operands if operand is not first]
    name = first.name if all(isinstance(operand, Constant) for operand in others) else ""
    return Column(expression, origins, name, m.span(at), function, first.rows, first.kind)


def unary(m: Machine, operator: str, operand: Any, at: facts.At) -> Any:
    match operand:
        case Column():
            return column_operation(m, {"-": "NEG", "~": "NOT", "not": "NOT"}.get(operator, "CALL"), [operand], at)
        case Constant(value=value, settings=settings) if operator == "not":
            return Constant(not value, settings)
        case Constant(value=int() | float() as number, settings=settings) if operator in "-+":
            return Constant(-number if operator == "-" else number, settings)
        case Choice(options=options):
            return join_all([unary(m, operator, option, at) for option in options])
        case Cell(kind="frame"):
            return frames.arithmetic(m, operand, operand)
        case Cell(kind="mask") if operator == "~":
            return listed.inverted(m, operand, at)
    known = truth(operand)
    if operator == "not" and known is not None:
        return Constant(not known)
    return Unknown(origins_of(operand))


# -------------------------------------------------------------------------------------------------- tests


def truth(value: Any) -> bool | None:
    """Whether a value counts as true; `None` if that is not known."""
    match value:
        case Constant(value=constant):
            return bool(constant)
        case Tuple(items=items):
            return bool(items)
        case Cell(kind="list"):
            items = value.slots["items"]
            if items:
                return None if isinstance(items, MaybeNone) or listed.is_asked(value) else True
            return None if value.slots.get("<rest>") is not None else False
        case Choice(options=options):
            known = {truth(option) for option in options}
            return known.pop() if len(known) == 1 else None
        case Cell(kind="instance") | Class():
            return True
        case Cell(kind="object") if value.slots.get("constructed") and "items" not in value.slots:
            return True  # `if optimizer:`
    return None


def logical(m: Machine, operator: str, values: list[Any]) -> Any:
    """`and`, `or`: the first value that decides, or one of those that may."""
    columns = [value for value in values if isinstance(value, Column)]
    if operator == "or" and len(values) == 2 and _is_scalar(values[0]) and isinstance(values[1], Constant):
        return _or_default(m, values[0], values[1])
    if len(columns) == len(values) > 1:
        return column_operation(m, operator.upper(), values, 0)
    left: list[Any] = []
    for value in values[:-1]:
        known = truth(value)
        if known is (operator == "or"):
            return join_all([*left, value])
        if known is None:
            left.append(value)
    decided = join_all([*left, values[-1]])
    if isinstance(decided, Constant):
        if isinstance(decided.value, bool) and not all(isinstance(v, Constant) and v.settings for v in values):
            return Constant(decided.value, (), decided.origins)  # settings alone do not decide
        settings = [s for value in values if isinstance(value, Constant) for s in value.settings]
        return Constant(decided.value, tuple(dict.fromkeys(settings))[:4], decided.origins)
    return decided


def _is_scalar(value: Any) -> bool:
    """Whether a column stands for one value of a row or request: it may be None, and it is true or false."""
    return isinstance(value, Column) and value.kind in ("", "python.value", "datetime.Moment")


def _or_default(m: Machine, value: Column, default: Constant) -> Column:
    """`body.get("discount") or 0`: what is missing, zero or empty becomes the default."""
    if not default.value:  # zero stays zero
        return column_operation(m, "COALESCE", [value, default], 0)
    return column_operation(m, "CASE", [value, value, default], 0)


_COMPARE = {"==": op.eq, "!=": op.ne, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}


def compare(m: Machine, operator: str, left: Any, right: Any, at: facts.At) -> Any:
    if (isinstance(left, Column) or isinstance(right, Column)) and operator in _MEANING:
        return limits.compared(column_operation(m, _MEANING[operator], [left, right], at), left, right)
    if isinstance(left, Cell) and left.kind == "frame" and operator in _MEANING:
        return frames.arithmetic(m, left, right)
    if operator in ("==", "!=") and listed.is_index(left) and is_text(right):  # `df.columns != "label"`
        same, others = (set_operation(m, k, left, Tuple((right,)), at) for k in ("intersection", "difference"))
        return listed.mask(m, same, others, at) if operator == "==" else listed.mask(m, others, same, at)
    if isinstance(left, Choice) or isinstance(right, Choice):
        pairs = texts.combinations([_options(left), _options(right)])
        return join_all([compare(m, operator, a, b, at) for a, b in pairs])
    if operator in ("is", "is not") and _is_scalar(left) and isinstance(right, Constant) and right.value is None:
        missing = column_operation(m, "IS_NULL", [left], at)
        return missing if operator == "is" else column_operation(m, "NOT", [missing], at)
    if operator in ("is", "is not"):
        return _identity(operator, left, right)
    if operator in ("in", "not in") and _is_scalar(left):
        return _one_of(m, operator, left, right, at)
    if operator in ("in", "not in") and _is_scalar(right) and is_text(left):  # `"<r>" in row.get("Tags")`
        found = column_operation(m, "CONTAINS", [right, left], at)
        return found if operator == "in" else column_operation(m, "NOT", [found], at)
    if operator in ("in", "not in"):
        return _membership(m, operator, left, right, at)
    if isinstance(left, Constant) and isinstance(right, Constant):
        try:
            result = _COMPARE[operator](left.value, right.value)  # type: ignore[arg-type]
        except TypeError:
            return Unknown()
        return Constant(bool(result), (left.settings + right.settings)[:4])
    is_another = isinstance(left, Text) and isinstance(right, Constant) and not texts.may_be(left, str(right.value))
    if operator in ("==", "!=") and is_another:
        return Constant(operator == "!=")
    if operator in ("==", "!=") and _is_member(left) and _is_member(right):
        return Constant((left is right) == (operator == "=="))
    return Unknown(origins_of(left) | origins_of(right))


def _one_of(m: Machine, operator: str, value: Column, options: Any, at: facts.At) -> Column:
    """`body["channel"] in ("web", "app")`."""
    known = items_of(m, options, at).known if isinstance(options, Cell | Tuple) else None
    found = column_operation(m, "IN", [value, *(known if known is not None else [Unknown(origins_of(options))])], at)
    return found if operator == "in" else column_operation(m, "NOT", [found], at)


def _identity(operator: str, left: Any, right: Any) -> Any:
    if isinstance(right, Constant) and right.value is None and not isinstance(left, Unknown):
        is_none = isinstance(left, Constant) and left.value is None
        return Constant(is_none == (operator == "is"), left.settings if isinstance(left, Constant) else ())
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant((left.value is right.value) == (operator == "is"), left.settings)
    if _is_member(left) and _is_member(right):
        return Constant((left is right) == (operator == "is"))
    return Unknown()


def _is_member(value: Any) -> bool:
    return isinstance(value, Cell) and bool(value.get("<member>"))


def _membership(m: Machine, operator: str, left: Any, right: Any, at: facts.At) -> Any:
    if isinstance(left, Constant) and is_text(left) and isinstance(right, Constant) and is_text(right):
        found = str(left.value) in str(right.value)
        return Constant(found == (operator == "in"), left.settings + right.settings)
    if isinstance(left, Constant) and isinstance(right, Cell) and right.kind == "dict":
        if right.slots.get("<rest>") is None:
            found = left.value in right.slots and not is_inner(left.value)
            return Constant(found == (operator == "in"), left.settings)
    elif isinstance(left, Constant) and isinstance(right, Cell | Tuple) and getattr(right, "kind", "list") == "list":
        items = items_of(m, right, at)
        if items.known is not None and all(isinstance(i, Constant) for i in items.known):
            found = any(i.value == left.value for i in items.known)
            return Constant(found == (operator == "in"), left.settings)
        if items.known is None and any(isinstance(i, Constant) and i.value == left.value for i in items.held):
            return Constant(operator == "in", left.settings)
    elif isinstance(left, Text) and isinstance(right, Cell | Tuple) and getattr(right, "kind", "list") == "list":
        items = items_of(m, right, at)
        if items.known is not None and all(
            isinstance(i, Constant) and not texts.may_be(left, str(i.value)) for i in items.known
        ):
            return Constant(operator == "not in")
        if left in items.held:
            return Constant(operator == "in")
    if isinstance(left, Constant) and isinstance(right, Cell) and right.kind == "frame":  # `"km" in df`
        table: Table = right.slots["table"]
        known = str(left.value) in table.listed
        if known or not (table.open or table.partial):
            return Constant(known == (operator == "in"), left.settings)
    return Unknown(origins_of(left) | origins_of(right))
