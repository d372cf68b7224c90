"""From a text to syntax trees: cut into statements by its tokens, each parsed alone, so that one failure costs one.

Bodies of procedures are opened: `CREATE PROCEDURE p AS BEGIN IF x THEN INSERT INTO ...; END IF; END` yields the INSERT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from mllint.linker.jinja.expressions import World
from mllint.linker.sql.cutting import CLOSING, OPENING, declared, is_routine, pieces, quoted, statements, without_into
from mllint.linker.sql.dialects import known, likely, recognise
from mllint.linker.sql.relations import Output
from mllint.linker.sql.rewrites import rewritten
from mllint.linker.sql.text import Places, readable

_DEEPEST = 45  # brackets; sqlglot's recursion ends near 50
_TALLEST = 250  # levels of a syntax tree: what the recursive walks behind this can take
_LONGEST = 20_000  # tokens of a statement
_DECLARES = re.compile(r"\b(?:declare|procedure|function|let|for)\s", re.IGNORECASE)
_TRIED = 4_000  # tokens of a statement that is tried in other dialects,
_MOST_TRIED = 5  # and how many of a text are
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

    def at(self, offset: int | None) -> tuple[int, int]:
        return self.places.at((self.offset if offset is None else offset) + self.shift)


def parse(text: str, dialect: str, world: World | None = None) -> list[Parsed]:
    """The statements of a text in order; `world` knows what its Jinja names. Never raises."""
    if len(text) > _LARGEST:
        return [Parsed([], None, dialect, Places(""), "", problem="too large")]
    told = known(dialect)
    clean, places = readable(text, world)
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
    text: str, dialect: str, places: Places, shift: int, nested: int, variables: dict[str, Output | None]
) -> Iterator[Parsed]:
    try:
        tokens = Dialect.get_or_raise(dialect or None).tokenize(text)
    except (SqlglotError, RecursionError, ValueError) as error:
        # an unclosed quote: what stands before it may still be read, by words alone
        yield Parsed(
            [], None, dialect, places, text, shift=shift, problem=f"cannot be split into words: {_short(error)}"
        )
        return
    if _DECLARES.search(text):
        variables.update(dict.fromkeys(declared(tokens)))
    for chunk in statements(tokens):
        loop = ""
        if chunk[0].text.upper() == "FOR" and len(chunk) > 3:
            loop, chunk = chunk[1].text.lower(), chunk[3:]
        chunk, into = without_into(chunk, variables) if variables else (chunk, [])
        parsed = Parsed(
            chunk, None, dialect, places, text, chunk[0].start, shift, "", nested, None, variables, into, loop
        )
        body = _quoted_body(chunk, text)
        if body is not None and nested < 2:
            start, end = body
            yield from _parse(text[start:end], dialect, places, shift + start, nested + 1, variables)
            continue
        _fill(parsed)
        if parsed.problem:
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
                parsed.tree = tree


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


def _quoted_body(chunk: list[Token], text: str) -> tuple[int, int] | None:
    """Start and end of SQL that stands in quotes: a function's body between `$$`, the query of UNLOAD."""
    word = chunk[0].text.upper()
    if word in ("CREATE", "DO") and (word == "DO" or is_routine(chunk)):
        token = quoted(chunk)
        if token is not None and _is_sql(chunk):
            inside = text.find(token.text, token.start) if token.text else -1
            return (inside, inside + len(token.text)) if inside >= 0 else None
    return None


def _is_sql(chunk: list[Token]) -> bool:
    """`LANGUAGE python AS $$ ... $$` holds no SQL."""
    for word, following in pairwise(chunk):
        if word.text.upper() == "LANGUAGE":
            return following.text.strip("'\"").lower() in ("sql", "plpgsql")
    return True
