"""Clauses that sqlglot has no grammar for, taken out of a statement's tokens or called as it knows them."""

from __future__ import annotations

import msgspec
from sqlglot.tokenizer_core import Token, TokenType

from mllint.linker.sql.cutting import CLOSING, OPENING

_NAME = 16  # tokens in which the name of a model ends
_CHANGES = {"INSERT", "UPDATE", "DELETE", "MERGE", "WITH"}
_AFTER_OUTPUT = {"FROM", "WHERE", "SELECT", "VALUES", "DEFAULT", "EXEC", "EXECUTE", "OPTION", "OUTPUT", "WITH"}


class Handover(msgspec.Struct):
    """T-SQL: OUTPUT deleted.id, deleted.fare INTO archive (id, fare)"""

    items: list[Token]
    target: str
    columns: list[str]


def without_output(tokens: list[Token]) -> tuple[list[Token], Handover | None]:
    """The statement without its first OUTPUT ... INTO, and what that says."""
    if tokens[0].text.upper() not in _CHANGES:
        return tokens, None
    depth, start, into = 0, 0, 0
    for i, token in enumerate(tokens):
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        word = token.text.upper() if depth == 0 and token.token_type is not TokenType.STRING else ""
        if word == "OUTPUT" and i:
            start = i
        elif word == "INTO" and start:
            into = i
            break
        elif start and word in _AFTER_OUTPUT:
            return tokens, None
    if not into:
        return tokens, None
    end = into + 2
    while end + 1 < len(tokens) and tokens[end].token_type is TokenType.DOT:
        end += 2
    target = "".join(token.text for token in tokens[into + 1 : end])
    columns: list[str] = []
    if end < len(tokens) and tokens[end].token_type is TokenType.L_PAREN:
        close = next((i for i in range(end, len(tokens)) if tokens[i].token_type is TokenType.R_PAREN), end)
        columns = [t.text.lower() for t in tokens[end + 1 : close] if t.token_type is not TokenType.COMMA]
        end = close + 1
    return tokens[:start] + tokens[end:], Handover(tokens[start + 1 : into], target, columns)


def with_model_functions(tokens: list[Token]) -> list[Token]:
    """BigQuery ML: every ML.EVALUATE(MODEL d.eta, ...) under the name of one that sqlglot knows, and with the second
    argument that it wants."""
    if not any(token.text.upper() == "MODEL" for token in tokens):
        return tokens
    changed: list[Token] = []
    ends: set[int] = set()
    for i, token in enumerate(tokens):
        words = [each.text.upper() for each in tokens[max(0, i - 2) : i + 3]]
        if i >= 2 and words[0] in ("ML", "AI") and [words[1], *words[3:]] == [".", "(", "MODEL"]:
            token = Token(TokenType.VAR, "FORECAST", token.line, token.col, token.start, token.end)
            ends.add(next((n for n in range(i, min(i + _NAME, len(tokens))) if tokens[n].text in (",", ")")), 0))
        if i in ends and token.text == ")":
            more = (
                (TokenType.COMMA, ","),
                (TokenType.STRUCT, "STRUCT"),
                (TokenType.L_PAREN, "("),
                (TokenType.R_PAREN, ")"),
            )
            changed += [Token(kind, text, token.line, token.col, token.start, token.end) for kind, text in more]
        changed.append(token)
    return changed
