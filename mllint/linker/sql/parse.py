"""From a text to syntax trees: cut into statements by its tokens, each parsed alone, so that one failure costs one.

Bodies of procedures are opened: `CREATE PROCEDURE p AS BEGIN IF x THEN INSERT INTO ...; END IF; END` yields the INSERT.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import msgspec
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from mllint.linker.jinja.expressions import World
from mllint.linker.sql.dialects import known, recognise
from mllint.linker.sql.text import Places, readable

_DEEPEST = 45  # brackets; sqlglot's recursion ends near 50
_TALLEST = 250  # levels of a syntax tree: what the recursive walks behind this can take
_LONGEST = 20_000  # tokens of a statement
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

    def at(self, offset: int | None) -> tuple[int, int]:
        return self.places.at((self.offset if offset is None else offset) + self.shift)


def parse(text: str, dialect: str, world: World | None = None) -> list[Parsed]:
    """The statements of a text in order; `world` knows what its Jinja names. Never raises."""
    if len(text) > _LARGEST:
        return [Parsed([], None, dialect, Places(""), "", problem="too large")]
    dialect = known(dialect) or recognise(text)
    clean, places = readable(text, world)
    return list(_parse(clean, dialect, places, 0, 0))


def _parse(text: str, dialect: str, places: Places, shift: int, nested: int) -> Iterator[Parsed]:
    try:
        tokens = Dialect.get_or_raise(dialect or None).tokenize(text)
    except (SqlglotError, RecursionError, ValueError) as error:
        # an unclosed quote: what stands before it may still be read, by words alone
        yield Parsed(
            [], None, dialect, places, text, shift=shift, problem=f"cannot be split into words: {_short(error)}"
        )
        return
    for chunk in _statements(tokens):
        parsed = Parsed(chunk, None, dialect, places, text, chunk[0].start, shift, nested=nested)
        body = _quoted_body(chunk, text)
        if body is not None and nested < 2:
            start, end = body
            yield from _parse(text[start:end], dialect, places, shift + start, nested + 1)
            continue
        _fill(parsed)
        pieces = _pieces(chunk) if parsed.problem and len(chunk) <= _LONGEST else [chunk]
        if len(pieces) == 1:
            yield parsed
            continue
        for tokens in pieces:  # T-SQL: INSERT INTO a SELECT ... and on the next line INSERT INTO b SELECT ...
            piece = Parsed(tokens, None, dialect, places, text, tokens[0].start, shift, nested=nested)
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
            if tree is None or isinstance(tree, exp.Command):
                parsed.problem = "not understood"
            elif len(parsed.tokens) > _TALLEST and _is_tall(tree):
                parsed.problem = "too deep"
            else:
                parsed.tree = tree


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
        if token.token_type in _OPENING or token.token_type is TokenType.CASE:
            depth += 1
            deepest = max(depth, deepest)
        elif depth and (token.token_type in _CLOSING or token.token_type is TokenType.END):
            depth -= 1
    return deepest


def _is_tall(tree: exp.Expr) -> bool:
    level: list[exp.Expr] = [tree]
    for _ in range(_TALLEST):
        level = [child for node in level for child in node.iter_expressions()]
        if not level:
            return False
    return True


# ------------------------------------------------------------------------------------- cutting into statements

_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}
_STARTS = {"INSERT", "UPDATE", "MERGE", "DELETE", "SELECT", "WITH", "TRUNCATE", "COPY", "CREATE", "DROP", "ALTER"}
_CONTROL = {
    "BEGIN", "DECLARE", "IF", "ELSE", "ELSEIF", "ELSIF", "LOOP", "WHILE", "FOR", "END", "EXCEPTION", "REPEAT", "WHEN",
    "SET", "RETURN", "PRINT", "EXIT", "LEAVE", "TRY", "PERFORM", "THEN",
}  # fmt: skip
_STATEMENTS = {
    "INSERT", "UPDATE", "MERGE", "DELETE", "TRUNCATE", "CREATE", "DROP", "ALTER", "DECLARE", "EXEC", "EXECUTE", "PRINT",
}  # fmt: skip
_CONTINUED = {
    "THEN",
    "KEY",
    "DO",
    "FOR",
    "UNION",
    "ALL",
    "EXCEPT",
    "INTERSECT",
    "MINUS",
    "AS",
    "ON",
    "AFTER",
    "OR",
    ",",
}


def _statements(tokens: list[Token]) -> Iterator[list[Token]]:
    """Runs of tokens between semicolons, with the frames of procedures and branches taken off."""
    chunk: list[Token] = []
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            yield from _unframed(chunk)
            chunk = []
        else:
            chunk.append(token)
    yield from _unframed(chunk)


def _unframed(chunk: list[Token]) -> Iterator[list[Token]]:
    if not chunk:
        return
    word = chunk[0].text.upper()
    if word == "CREATE" and _is_routine(chunk):
        begin = next((i for i, token in enumerate(chunk) if token.text.upper() == "BEGIN"), None)
        if begin is not None:
            yield from _unframed(chunk[begin:])
        elif _quoted(chunk):
            yield chunk
        else:  # CREATE PROCEDURE p AS INSERT INTO ...
            yield from _inner(chunk)
    elif word in _CONTROL:
        yield from _inner(chunk)
    else:
        yield from _without_end(chunk)


def _is_routine(chunk: list[Token]) -> bool:
    head = {token.text.upper() for token in chunk[:6]}
    return bool(head & {"PROCEDURE", "PROC", "TRIGGER"}) or ("FUNCTION" in head)


def _inner(chunk: list[Token]) -> Iterator[list[Token]]:
    """From the first word that begins a statement: `IF @a < 0 BEGIN INSERT INTO ...` -> `INSERT INTO ...`."""
    depth = 0
    for i, token in enumerate(chunk):
        if token.token_type in _OPENING:
            depth += 1
        elif token.token_type in _CLOSING:
            depth -= 1
        elif depth == 0 and i and token.text.upper() in _STARTS and token.token_type is not TokenType.STRING:
            if chunk[0].text.upper() == "SET" and token.text.upper() == "SELECT":
                continue
            yield from _without_end(chunk[i:])
            return


def _pieces(chunk: list[Token]) -> list[list[Token]]:
    """Statements that no semicolon divides, cut where one begins at the start of a line."""
    cuts, depth, selects = [0], 0, False
    for i, token in enumerate(chunk):
        word = token.text.upper()
        if token.token_type in _OPENING:
            depth += 1
        elif token.token_type in _CLOSING:
            depth -= 1
        if depth or token.token_type is TokenType.STRING:
            continue
        before = chunk[i - 1] if i else None
        begins = before is not None and before.line < token.line and before.text.upper() not in _CONTINUED
        if begins and (word in _STATEMENTS or (word in ("SELECT", "WITH") and selects)):
            cuts.append(i)
            selects = False
        selects = selects or word == "SELECT"
    return [chunk[a:b] for a, b in pairwise([*cuts, len(chunk)])]


def _without_end(chunk: list[Token]) -> Iterator[list[Token]]:
    """T-SQL needs no semicolon before END: `INSERT INTO a SELECT 1 END` loses its END."""
    end, cases = len(chunk), 0
    for i, token in enumerate(chunk):
        if token.token_type is TokenType.CASE:
            cases += 1
        elif token.token_type is TokenType.END:
            if cases == 0 and i:
                end = i
                break
            cases -= 1
    yield chunk[:end]
    if end < len(chunk):
        yield from _unframed(chunk[end:])


def _quoted(chunk: list[Token]) -> Token | None:
    return next((t for t in chunk if t.token_type in (TokenType.HEREDOC_STRING, TokenType.RAW_STRING)), None)


def _quoted_body(chunk: list[Token], text: str) -> tuple[int, int] | None:
    """Start and end of SQL that stands in quotes: a function's body between `$$`, the query of UNLOAD."""
    word = chunk[0].text.upper()
    if word in ("CREATE", "DO") and (word == "DO" or _is_routine(chunk)):
        token = _quoted(chunk)
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
