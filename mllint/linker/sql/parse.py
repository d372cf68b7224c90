"""From a text to syntax trees: cut into statements by its tokens, each parsed alone, so that one failure costs one.

Bodies of procedures are opened: `CREATE PROCEDURE p AS BEGIN IF x THEN INSERT INTO ...; END IF; END` yields the INSERT.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import pairwise

import msgspec
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from mllint.linker.jinja.expressions import World
from mllint.linker.sql.bodies import Body, bodies
from mllint.linker.sql.clauses import Handover, with_model_functions, without_output
from mllint.linker.sql.cutting import (
    CLOSING,
    OPENING,
    declared,
    pieces,
    statements,
    without_into,
)
from mllint.linker.sql.dialects import known, likely, recognise
from mllint.linker.sql.namespaces import NOWHERE, Namespace, after
from mllint.linker.sql.opened import SIGN as OPENS
from mllint.linker.sql.relations import Output
from mllint.linker.sql.rewrites import rewritten
from mllint.linker.sql.routines import Routine, routines
from mllint.linker.sql.shards import as_families
from mllint.linker.sql.text import Fixed, Places, named, readable
from mllint.linker.sql.trainings import SIGN, Trains, trains

_DEEPEST = 45  # brackets; sqlglot's recursion ends near 50
_TALLEST = 250  # levels of a syntax tree: what the recursive walks behind this can take
_LONGEST = 20_000  # tokens of a statement
_DECLARES = re.compile(r"\b(?:declare|procedure|function|macro|let|for|fetch)\s", re.IGNORECASE)
_TRIED = 4_000  # tokens of a statement that is tried in other dialects,
_MOST_TRIED = 5  # and how many of a text are
_END = re.compile(r";[ \t]*\r?$", re.MULTILINE)
_MOST_PIECES = 2_000  # of a text that are cut into words once more
_LARGEST = 4_000_000  # characters of a text


class Parsed(msgspec.Struct):
    """One statement: its tokens, and its tree unless `problem` says why there is none."""

    tokens: list[Token]
    tree: exp.Expr | None
    dialect: str
    places: Places
    text: str
    offset: int = 0  # where the first token begins
    shift: int = 0  # offset of a body that was parsed on its own, as between `$$`
    problem: str = ""
    nested: int = 0
    depths: list[int] | None = None  # see `projections`
    variables: dict[str, Output | None] = {}  # of the routine around it, with what they were last set to
    into: list[str] = []  # SELECT ... INTO x, y: the variables that it sets
    loop: str = ""  # FOR r IN SELECT ...: the variable that stands for its rows
    routine: Routine | None = None  # that it stands in
    handover: Handover | None = None
    trains: Trains | None = None  # the model that is made of its rows
    namespace: Namespace = NOWHERE  # in which its tables lie,
    local: frozenset[str] = frozenset()  # but for these, which are temporary

    def at(self, offset: int | None) -> tuple[int, int]:
        return self.places.at((self.offset if offset is None else offset) + self.shift)

    def before(self) -> str:
        """The words before it, as far as they tell what becomes of its rows: RETURN QUERY SELECT ..."""
        start = self.tokens[0].start if self.tokens else 0
        return self.text[max(0, start - 60) : start]


def parse(
    text: str, dialect: str, world: World | None = None, variables: Mapping[str, str] | None = None
) -> list[Parsed]:
    """The statements of a text in order; `world` knows what its Jinja names, `variables` are those that psql is given.
    Never raises."""
    parsed = _in_any_dialect(text, dialect, world, variables)
    _place(parsed)
    return parsed


def _place(parsed: list[Parsed]) -> None:
    """Tell each statement the namespace that those before it have chosen."""
    now = NOWHERE
    temporary: set[str] = set()
    for each in parsed:
        each.namespace, each.local = now, frozenset(temporary) if now != NOWHERE else frozenset()
        if each.tokens and each.tokens[0].text.upper() in ("USE", "SET", "ALTER"):
            now = after(each.text[each.tokens[0].start : each.tokens[-1].end + 1], each.dialect, now)
        elif isinstance(each.tree, exp.Create) and each.tree.find(exp.TemporaryProperty) is not None:
            made = each.tree.this
            temporary.add(named(made.this.name if isinstance(made, exp.Schema) else made.name))


def _in_any_dialect(text: str, dialect: str, world: World | None, variables: Mapping[str, str] | None) -> list[Parsed]:
    if len(text) > _LARGEST:
        return [Parsed([], None, dialect, Places(""), "", problem="too large")]
    told = known(dialect)
    clean, places = readable(text, world, variables)
    parsed = list(_parse(clean, told or recognise(text), places, 0, 0, {}))
    wrong = [] if told else [p for p in parsed if p.problem.startswith("not understood:") and len(p.tokens) < _TRIED]
    other = _better(wrong[:_MOST_TRIED], clean) if wrong else ""
    if other:
        again = list(_parse(clean, other, places, 0, 0, {}))
        if sum(bool(p.problem) for p in again) < sum(bool(p.problem) for p in parsed):
            return again
    return parsed


def _better(wrong: list[Parsed], text: str) -> str:
    """The dialect that understands most of what was not understood, empty if none does."""
    pieces = [p.text[p.tokens[0].start : p.tokens[-1].end + 1] for p in wrong]

    def understood(dialect: str) -> int:
        return sum(not any(p.problem for p in _parse(piece, dialect, Places(""), 0, 0, {})) for piece in pieces)

    best, most = "", 0
    for dialect in likely(text):
        count = understood(dialect)
        if count > most:
            best, most = dialect, count
        if count == len(pieces):
            break
    return best


def _parse(
    text: str,
    dialect: str,
    places: Places,
    shift: int,
    nested: int,
    variables: dict[str, Output | None],
    around: Routine | None = None,
) -> Iterator[Parsed]:
    try:
        tokens = Dialect.get_or_raise(dialect or None).tokenize(text)
    except (SqlglotError, RecursionError, ValueError) as error:
        ends = [found.end() for found in _END.finditer(text)] if nested == 0 else []
        if ends and len(ends) < _MOST_PIECES:  # an unclosed quote spoils one statement, not the others
            for start, end in pairwise([0, *ends, len(text)]):
                if text[start:end].strip():
                    yield from _parse(text[start:end], dialect, places, shift + start, nested + 1, variables)
            return
        # what stands before the quote may still be read, by words alone
        yield Parsed(
            [], None, dialect, places, text, shift=shift, problem=f"cannot be split into words: {_short(error)}"
        )
        return
    spans: list[tuple[int, int, Routine]] = []
    if _DECLARES.search(text):
        tokens = _with_commands(tokens, text, dialect)
        variables.update(dict.fromkeys(declared(tokens)))
        spans = routines(tokens, dialect)
    learns = SIGN.search(text) is not None and dialect != "bigquery"
    opens = dialect in ("", "tsql") and OPENS.search(text) is not None
    for chunk in statements(tokens):
        loop = ""
        if chunk[0].text.upper() == "FOR" and len(chunk) > 3:
            loop, chunk = chunk[1].text.lower(), chunk[3:]
        chunk, into = without_into(chunk, variables) if variables else (chunk, [])
        handover = None
        if dialect in ("", "tsql"):
            chunk, handover = without_output(chunk)
        elif dialect == "bigquery":
            chunk = with_model_functions(chunk)
        begin = chunk[0].start
        routine = _routine_at(begin, spans) or around
        parsed = Parsed(
            chunk, None, dialect, places, text, begin, shift, "", nested, None, variables, into, loop, routine, handover
        )
        inner = bodies(chunk, text) if nested < 2 else None
        if inner is not None:
            for body in inner:
                yield from _body(body, parsed)
            continue
        made = _training(parsed) if learns else None
        if made is not None:
            yield made
            continue
        _fill(parsed)
        if parsed.problem or opens:
            other = _in_other_words(parsed)
            if other is not None:
                yield other
                continue
        parts = pieces(chunk) if parsed.problem and len(chunk) <= _LONGEST else [chunk]
        if len(parts) == 1:
            yield parsed
            continue
        for tokens in parts:  # T-SQL: INSERT INTO a SELECT ... and on the next line INSERT INTO b SELECT ...
            piece = msgspec.structs.replace(parsed, tokens=tokens, offset=tokens[0].start, problem="")
            _fill(piece)
            yield piece


def _routine_at(offset: int, spans: list[tuple[int, int, Routine]]) -> Routine | None:
    at = bisect_right(spans, offset, key=lambda span: span[0]) - 1
    return spans[at][2] if at >= 0 and offset < spans[at][1] else None


def _with_commands(tokens: list[Token], text: str, dialect: str) -> list[Token]:
    """With the words of DECLARE and FETCH, of which sqlglot makes one token up to the semicolon."""
    found: list[Token] = []
    left = _MOST_PIECES
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i and token.token_type is TokenType.STRING else None
        if before is None or before.text.upper() not in ("DECLARE", "FETCH") or not left:
            found.append(token)
            continue
        left -= 1
        try:
            inner = Dialect.get_or_raise(dialect or None).tokenize(token.text)
        except (SqlglotError, RecursionError, ValueError):
            inner = []
        shift = max(0, text.find(token.text, before.end))
        found += [Token(t.token_type, t.text, token.line, t.col, t.start + shift, t.end + shift) for t in inner]
    return found


def _body(body: Body, around: Parsed) -> Iterator[Parsed]:
    shift, places = around.shift + body.start, around.places
    if not body.worded:
        routine = around.routine if body.is_all else None
        yield from _parse(body.text, around.dialect, places, shift, around.nested + 1, around.variables, routine)
        return
    here = Fixed(*places.at(shift))
    yield Parsed([], None, around.dialect, here, body.text, problem="a body in Python, read by words")


def _fill(parsed: Parsed) -> None:
    deepest = _bracket_depth(parsed.tokens)
    if deepest > _DEEPEST:
        parsed.problem = f"too deep: {deepest} brackets"
    elif len(parsed.tokens) > _LONGEST:
        parsed.problem = f"too long: {len(parsed.tokens)} words"
    else:
        try:
            trees = _parser(parsed.dialect).parse(parsed.tokens, parsed.text)
            tree = next((tree for tree in trees if tree is not None), None)
        except RecursionError:
            parsed.problem = "too deep"
        except SqlglotError as error:
            parsed.problem = f"not understood: {_short(error)}"
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            parsed.problem = f"not understood: {type(error).__name__}"  # slips of the parser on odd input
        else:
            if tree is None or isinstance(tree, exp.Command | exp.Execute):
                parsed.problem = "not understood"
            elif len(parsed.tokens) > _TALLEST and _is_tall(tree):
                parsed.problem = "too deep"
            else:
                parsed.tree = as_families(tree) if parsed.dialect == "bigquery" else tree


def items_of(parsed: Parsed, tokens: list[Token]) -> list[exp.Expr]:
    """A list of expressions, as of a select list; empty where it is not understood."""
    part = msgspec.structs.replace(parsed, tokens=[Token(TokenType.SELECT, "SELECT"), *tokens], tree=None, problem="")
    _fill(part)
    return part.tree.expressions if isinstance(part.tree, exp.Select) else []


def _in_other_words(parsed: Parsed) -> Parsed | None:
    start = parsed.tokens[0].start
    other = rewritten(parsed.text[start : parsed.tokens[-1].end + 1])
    if other is None:
        return None
    new, old = other.anchor
    shift = parsed.shift + start + old - new
    try:
        tokens = Dialect.get_or_raise(parsed.dialect or None).tokenize(other.text)
    except (SqlglotError, RecursionError, ValueError):
        return None
    again = msgspec.structs.replace(parsed, tokens=tokens, text=other.text, offset=new - old, shift=shift, problem="")
    _fill(again)
    return None if again.problem else again


def _training(parsed: Parsed) -> Parsed | None:
    """A statement that trains a model: the query of its rows, and what is made of them."""
    start = parsed.tokens[0].start
    found = trains(parsed.text[start : parsed.tokens[-1].end + 1])
    if found is None:
        return None
    try:
        tokens = Dialect.get_or_raise(parsed.dialect or None).tokenize(found.query)
    except (SqlglotError, RecursionError, ValueError):
        return None
    shift = parsed.shift + start + found.start if found.start else parsed.shift
    places = parsed.places if found.start else Fixed(*parsed.at(None))
    query = msgspec.structs.replace(
        parsed, tokens=tokens, text=found.query, offset=0, shift=shift, places=places, trains=found
    )
    _fill(query)
    return None if query.problem else query


def _parser(dialect: str):  # type: ignore[no-untyped-def]
    import logging

    # sqlglot logs a warning where it falls back to `Command`; we say so ourselves
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    return Dialect.get_or_raise(dialect or None).parser()


def _short(error: BaseException) -> str:
    """The first line of an error without terminal codes."""
    first = str(error).split("\n", 1)[0].split(". Line", 1)[0]
    return "".join(c for c in first if c.isprintable())[:120].removesuffix(".")


def _bracket_depth(tokens: list[Token]) -> int:
    depth = deepest = 0
    for token in tokens:
        if token.token_type in OPENING or token.token_type is TokenType.CASE:
            depth += 1
            deepest = max(depth, deepest)
        elif depth and (token.token_type in CLOSING or token.token_type is TokenType.END):
            depth -= 1
    return deepest


def _is_tall(tree: exp.Expr) -> bool:
    level: list[exp.Expr] = [tree]
    for _ in range(_TALLEST):
        level = [child for node in level for child in node.iter_expressions()]
        if not level:
            return False
    return True
