"""Cuts the tokens of a script into statements, and takes off what stands around them: procedures, loops, branches."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

from sqlglot.tokenizer_core import Token, TokenType

OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}
_STARTS = {"INSERT", "UPDATE", "MERGE", "DELETE", "SELECT", "WITH", "TRUNCATE", "COPY", "CREATE", "DROP", "ALTER"}
_CONTROL = {
    "BEGIN", "DECLARE", "IF", "ELSE", "ELSEIF", "ELSIF", "LOOP", "WHILE", "FOR", "END", "EXCEPTION", "REPEAT", "WHEN",
    "SET", "LET", "RETURN", "PRINT", "EXIT", "LEAVE", "TRY", "PERFORM", "THEN",
}  # fmt: skip
_STATEMENTS = {
    "INSERT", "UPDATE", "MERGE", "DELETE", "TRUNCATE", "CREATE", "DROP", "ALTER", "DECLARE", "EXEC", "EXECUTE", "PRINT",
}  # fmt: skip
BEFORE_MACRO = {"OR", "REPLACE", "TEMP", "TEMPORARY"}  # DuckDB; elsewhere a table may be called so
_HEAD = 80  # tokens of a statement in which its CURSOR is looked for
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


def statements(tokens: list[Token]) -> Iterator[list[Token]]:
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
    if word == "CREATE" and is_routine(chunk):
        begin = next((i for i, token in enumerate(chunk) if token.text.upper() == "BEGIN"), None)
        if begin is not None:
            yield from _unframed(chunk[begin:])
        elif (cursor := _cursor(chunk)) is not None:
            yield cursor
        elif quoted(chunk):
            yield chunk
        else:  # CREATE PROCEDURE p AS INSERT INTO ...
            yield from _inner(chunk)
    elif word == "CREATE" and {token.text.upper() for token in chunk[1:4]} & {"TASK", "PIPE", "ALERT", "EVENT"}:
        yield from _inner(chunk)  # CREATE TASK t SCHEDULE = '...' AS INSERT INTO ...
    elif word == "SET" and {token.text.lower() for token in chunk[1:3]} & {"search_path", "schema"}:
        yield chunk
    elif word == "FOR":
        yield from _loop(chunk)
    elif word == "FETCH":
        yield from _fetch(chunk)
    elif (cursor := _cursor(chunk)) is not None:
        yield cursor
    elif word in _CONTROL:
        yield from _inner(chunk)
    else:
        yield from _without_end(chunk)


def _loop(chunk: list[Token]) -> Iterator[list[Token]]:
    """FOR r IN (SELECT ...) LOOP UPDATE ...: `FOR r IN SELECT ...`, where r stands for a row of it, and the UPDATE."""
    words = [token.text.upper() for token in chunk]
    end = next((i for i, word in enumerate(words) if word in ("LOOP", "DO")), 0)
    query = next((i for i, word in enumerate(words[:end]) if word in ("SELECT", "WITH")), 0)
    if not query and end in (4, 5):  # FOR r IN c LOOP: rows of a cursor
        yield [*chunk[:3], *_of_cursor(chunk[3])]
    if query:
        in_brackets = chunk[query - 1].token_type is TokenType.L_PAREN
        yield chunk[:3] + chunk[query : end - in_brackets]
    yield from (_unframed(chunk[end + 1 :]) if end else _inner(chunk))


def _cursor(chunk: list[Token]) -> list[Token] | None:
    """DECLARE c CURSOR FOR SELECT ..., CURSOR c IS SELECT ...: as a loop, whose variable stands for a row of it."""
    words = [token.text.upper() for token in chunk]
    at = words.index("CURSOR") if "CURSOR" in words[:_HEAD] else -1
    query = next((i for i in range(at, len(words)) if words[i] in ("SELECT", "WITH")), 0) if at >= 0 else 0
    if not query or words[query - 1] not in ("FOR", "IS", "("):
        return None
    name = chunk[at + 1] if words[query - 1] == "IS" or at == 0 else chunk[at - 1]
    return [_word("FOR", name), name, _word("IN", name), *chunk[query:]]


def _fetch(chunk: list[Token]) -> Iterator[list[Token]]:
    """FETCH NEXT FROM c INTO @x, @y sets variables from a row of the cursor."""
    words = [token.text.upper() for token in chunk]
    into = words.index("INTO") if "INTO" in words else 0
    if into > 1:
        yield [*_of_cursor(chunk[into - 1]), *chunk[into:]]


def _of_cursor(name: Token) -> list[Token]:
    kinds = ((TokenType.SELECT, "SELECT"), (TokenType.VAR, name.text), (TokenType.DOT, "."), (TokenType.STAR, "*"))
    return [Token(kind, text, name.line, name.col, name.start, name.end) for kind, text in kinds]


def _word(text: str, near: Token) -> Token:
    return Token(TokenType.VAR, text, near.line, near.col, near.start, near.end)


def declared(tokens: list[Token]) -> set[str]:
    """Names that are no columns: parameters of routines, variables, rows of loops. In lower case."""
    found: set[str] = set()
    declaring = False  # between DECLARE, or the head of a routine, and BEGIN
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        word, before = token.text.upper(), tokens[i - 1].text.upper() if i else ";"
        if word in ("PROCEDURE", "FUNCTION", "MACRO") and "CREATE" in [
            t.text.upper() for t in tokens[max(0, i - 4) : i]
        ]:
            found.update(_parameters(tokens, i))
            declaring = True
        elif word == "DECLARE":
            declaring = True
        elif word in ("BEGIN", *_STARTS) and not (declaring and before in ("FOR", "IS") and word == "SELECT"):
            declaring = False
        elif (declaring and before in ("DECLARE", ";", "IS", "AS")) or before in ("LET", "CURSOR") or (
            depth == 0  # PIVOT (sum(fare) FOR day IN ('mon', 'tue')) has no loop
            and before == "FOR" and [t.text.upper() for t in tokens[i + 1 : i + 2]] == ["IN"]
        ):  # fmt: skip
            found.update(_listed(tokens, i))
    return {name for name in found if name.removeprefix("@").isidentifier()} - {word.lower() for word in _CONTROL}


def without_into(tokens: list[Token], variables: Collection[str]) -> tuple[list[Token], list[str]]:
    """SELECT a, b INTO x, y FROM t without its INTO, where that names variables, and their names."""
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        if depth or token.text.upper() != "INTO" or tokens[0].text.upper() not in ("SELECT", "WITH"):
            continue
        end = i + 1
        names = []
        while end < len(tokens) and tokens[end].text.upper() not in ("FROM", "WHERE"):
            is_parameter = tokens[end - 1].token_type is TokenType.PARAMETER
            names.append("@" * is_parameter + tokens[end].text.lower())
            end += 1
        listed = [name for name in names if name not in (",", ":", "@", "strict")]
        if listed and all(name in variables for name in listed):
            collects = [t.text.upper() for t in tokens[max(0, i - 2) : i]] == ["BULK", "COLLECT"]
            return tokens[: i - 2 * collects] + tokens[end:], listed
    return tokens, []


def _listed(tokens: list[Token], i: int) -> Iterator[str]:
    """BigQuery: DECLARE a, b INT64; T-SQL: DECLARE @a INT, @b INT"""
    if tokens[i].token_type is TokenType.PARAMETER:
        end = next((n for n in range(i, len(tokens)) if tokens[n].token_type is TokenType.SEMICOLON), len(tokens))
        names = range(i, min(end, len(tokens) - 1))
        yield from ("@" + tokens[n + 1].text.lower() for n in names if tokens[n].token_type is TokenType.PARAMETER)
        return
    yield tokens[i].text.lower()
    while i + 2 < len(tokens) and tokens[i + 1].token_type is TokenType.COMMA:
        i += 2
        yield tokens[i].text.lower()


def _parameters(tokens: list[Token], start: int) -> Iterator[str]:
    """The names in `p(IN day DATE, OUT n NUMERIC(10, 2))`."""
    depth, begins = 0, False
    for token in tokens[start : start + 400]:
        word = token.text.upper()
        if token.token_type is TokenType.L_PAREN:
            depth, begins = depth + 1, depth == 0
        elif token.token_type is TokenType.R_PAREN:
            depth -= 1
            if depth == 0:
                return
        elif token.token_type is TokenType.COMMA:
            begins = depth == 1
        elif begins and word not in ("IN", "OUT", "INOUT", "VARIADIC"):
            yield word.lower()
            begins = False
        elif depth == 0 and word in ("AS", "IS", "BEGIN", "RETURNS", "LANGUAGE"):
            return


def is_routine(chunk: list[Token]) -> bool:
    words = [token.text.upper() for token in chunk[:6]]
    is_macro = "MACRO" in words and not set(words[1 : words.index("MACRO")]) - BEFORE_MACRO
    return is_macro or bool({"PROCEDURE", "PROC", "TRIGGER", "PACKAGE", "FUNCTION"} & set(words))


def _inner(chunk: list[Token]) -> Iterator[list[Token]]:
    """From the first word that begins a statement: `IF @a < 0 BEGIN INSERT INTO ...` -> `INSERT INTO ...`."""
    depth = 0
    for i, token in enumerate(chunk):
        if token.token_type in OPENING:
            depth += 1
        elif token.token_type in CLOSING:
            depth -= 1
        elif depth == 0 and i and token.text.upper() in _STARTS and token.token_type is not TokenType.STRING:
            if chunk[0].text.upper() == "SET" and token.text.upper() == "SELECT":
                continue
            yield from _without_end(chunk[i:])
            return
        elif depth == 0 and i and [t.text.upper() for t in (token, *chunk[i + 2 : i + 3])] == ["FOR", "IN"]:
            yield from _loop(chunk[i:])
            return
        if depth == 1 and token.token_type is TokenType.L_PAREN and _returns_query(chunk, i):
            yield chunk[i : _closed(chunk, i)]
            return


def _returns_query(chunk: list[Token], i: int) -> bool:
    """Whether a bracket holds the query of a routine: RETURNS TABLE AS RETURN (SELECT ...), AS ((SELECT ...)), LET rows
    RESULTSET := (SELECT ...)"""
    before = [token.text.upper() for token in chunk[max(0, i - 2) : i]]
    first = next((token.text.upper() for token in chunk[i:] if token.token_type is not TokenType.L_PAREN), "")
    is_body = before[-1:] == ["RETURN"] or (before[-1:] == ["AS"] and is_routine(chunk))
    return first in ("SELECT", "WITH") and (is_body or "RESULTSET" in before)


def _closed(chunk: list[Token], start: int) -> int:
    """The place behind the bracket that closes the one at `start`."""
    depth = 0
    for i in range(start, len(chunk)):
        depth += (chunk[i].token_type in OPENING) - (chunk[i].token_type in CLOSING)
        if depth == 0:
            return i + 1
    return len(chunk)


def pieces(chunk: list[Token]) -> list[list[Token]]:
    """Statements that no semicolon divides, cut where one begins at the start of a line."""
    cuts, depth, selects = [0], 0, False
    for i, token in enumerate(chunk):
        word = token.text.upper()
        if token.token_type in OPENING:
            depth += 1
        elif token.token_type in CLOSING:
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


def quoted(chunk: list[Token]) -> Token | None:
    """The token that a routine's body is: between `$$`, or AS 'BEGIN INSERT INTO ...; END'."""
    for before, token in pairwise(chunk):
        if token.token_type in (TokenType.HEREDOC_STRING, TokenType.RAW_STRING):
            return token
        if before.text.upper() == "AS" and token.token_type is TokenType.STRING and token.end - token.start > 8:
            return token
    return None
