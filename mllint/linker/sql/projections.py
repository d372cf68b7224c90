"""What a column without an alias is called: the text of its expression, as most engines call it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from mllint.linker.sql.parse import Parsed

_LONGEST = 200
_DOWN = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_UP = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}


def as_written(parsed: Parsed, node: exp.Expr) -> str:
    """The text of an item of a select list, blanks collapsed; where its place is not known, as sqlglot writes it."""
    start = next(_starts(node), None)
    text = _item(parsed, start) if start is not None else ""
    text = text or node.sql(parsed.dialect or None, normalize_functions=False, comments=False)
    return " ".join(text.split())[:_LONGEST]


def is_short_cast(parsed: Parsed, node: exp.Expr) -> bool:
    """Whether a cast is written `x::type`, whose column is called x, rather than `cast(x AS type)`."""
    start = next(_starts(node), None)
    return start is not None and not parsed.text[:start].rstrip().endswith("(")


def _starts(node: exp.Expr) -> Iterator[int]:
    """Offsets of the names in an expression, without those in its subqueries."""
    for part in node.walk(prune=lambda part: isinstance(part, exp.Query)):
        start = part.meta.get("start") if part._meta else None
        if start is not None and not isinstance(part, exp.Query):
            yield start


def _item(parsed: Parsed, start: int) -> str:
    """The item of the select list around an offset: from SELECT or a comma to a comma or FROM, all at one depth."""
    tokens = parsed.tokens
    depths = _depths(parsed)
    at = bisect_right([token.start for token in tokens], start) - 1
    lowest = depths[at]
    select = at
    while select >= 0:
        lowest = min(lowest, depths[select])
        if tokens[select].token_type is TokenType.SELECT and depths[select] <= lowest:
            break
        select -= 1
    if select < 0:
        return ""
    level = depths[select]
    begin = select + 1
    if begin < len(tokens) and tokens[begin].token_type in (TokenType.DISTINCT, TokenType.ALL):
        begin += 1
    for i in range(begin, len(tokens) + 1):
        ends = i == len(tokens) or depths[i] < level or (depths[i] == level and tokens[i].token_type is TokenType.FROM)
        if ends or (depths[i] == level and tokens[i].token_type is TokenType.COMMA):
            if i > at:
                return parsed.text[tokens[begin].start : tokens[i - 1].end + 1]
            begin = i + 1
        if ends:
            break
    return ""


def _depths(parsed: Parsed) -> list[int]:
    """The bracket depth of each token; a bracket itself counts as inside."""
    if parsed.depths is None:
        depth, depths = 0, []
        for token in parsed.tokens:
            depth += token.token_type in _DOWN
            depths.append(depth)
            depth -= token.token_type in _UP
        parsed.depths = depths
    return parsed.depths
