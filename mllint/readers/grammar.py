"""Python's grammar, that of later versions too where the Python that runs mllint is older.

Since 3.12 an f-string may hold its own quotes, backslashes, comments and lines: `f"{row["id"]}"`, `f"{"\\n".join(x)}"`.
An older parser is given it in quotes that are not in it: `f'''{row["id"]}'''`."""

from __future__ import annotations

import ast
import re
import warnings

_PREFIX = re.compile(r"(?<![A-Za-z0-9_])([A-Za-z]{0,2})(\"\"\"|'''|\"|')")
_START = re.compile(r"#|\"|'")
_MOST_NESTED = 10


class _UnclosedError(Exception):
    """A string that does not end: no grammar of Python has it."""


def parse(source: bytes | str) -> tuple[ast.Module, bytes | str]:
    """The tree of a source text, with the text that its places are in. Raises what `ast.parse` does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes such as 'data\raw' are the analysed code's business
        try:
            return ast.parse(source), source
        except SyntaxError as error:
            older = _older(source)
            if older is None:
                raise
            try:
                return ast.parse(older), older
            except SyntaxError:
                raise error from None


def _older(source: bytes | str) -> str | None:
    """The text without f-strings that only later versions know; `None` if it has none."""
    try:
        text = source if isinstance(source, str) else source.decode()
        found = _rewritten(text, 0)
    except (UnicodeDecodeError, _UnclosedError):
        return None
    return found if found != text else None


def _rewritten(text: str, depth: int) -> str:
    """Code with its f-strings made calls, where they have to be."""
    pieces, index = [], 0
    while (mark := _START.search(text, index)) is not None:
        if mark.group() == "#":
            end = text.find("\n", mark.start())
            end = len(text) if end < 0 else end
        else:
            start = _start_of(text, mark.start(), index)
            pieces.append(text[index:start])
            index = start
            end, piece = _string(text, start, depth)
            pieces.append(piece)
            index = end
            continue
        pieces.append(text[index:end])
        index = end
    return "".join(pieces) + text[index:]


def _start_of(text: str, quote: int, least: int) -> int:
    """Where a string begins, with its prefix, whose quote stands here."""
    for start in range(max(quote - 2, least), quote):
        if (match := _PREFIX.match(text, start)) is not None and match.start(2) == quote:
            return start
    return quote


def _string(text: str, start: int, depth: int) -> tuple[int, str]:
    """The end of the string that starts here, and the string as an older parser reads it."""
    match = _PREFIX.match(text, start)
    if match is None:
        raise _UnclosedError
    prefix, quote = match[1], match[2]
    is_formatted = "f" in prefix.lower() and depth < _MOST_NESTED
    index, pieces, is_new = match.end(), [], False
    while not text.startswith(quote, index):
        if index >= len(text) or (text[index] == "\n" and len(quote) == 1):
            raise _UnclosedError
        length = 2 if text[index] == "\\" or (is_formatted and text[index : index + 2] in ("{{", "}}")) else 1
        if is_formatted and text[index] == "{" and length == 1:
            end, piece, new = _field(text, index, quote, depth)
            is_new = is_new or new
        else:
            end, piece = index + length, text[index : index + length]
        pieces.append(piece)
        index = end
    end, inner = index + len(quote), "".join(pieces)
    fitting = [other for other in ('"""', "'''") if other not in inner and not inner.endswith(other[0])]
    if not is_new or not fitting:
        return end, text[start:end]
    return end, f"{prefix}{fitting[0]}{inner}{fitting[0]}"


def _field(text: str, start: int, quote: str, depth: int) -> tuple[int, str, bool]:
    """The end of `{value!r:>{width}}`, what an older parser reads instead, and whether it is of a later version."""
    index, nesting, is_new, shown = start + 1, 0, False, "{"
    while index < len(text) and (nesting or not _ends_value(text, index)):
        end, piece = index + 1, text[index]
        if text[index] in "\"'":
            begin = _start_of(text, index, start + 1)
            end, piece = _string(text, begin, depth + 1)
            shown, own = shown[: len(shown) - (index - begin)], text[begin:end]  # without its prefix
            is_new = is_new or quote in own or "\\" in own or piece != own
            piece = "chr(10)" if "\\" in piece else piece  # a piece of text, whatever it is
        elif text[index] == "#":
            end = text.find("\n", index) if "\n" in text[index:] else len(text)
            piece, is_new = "", True
        is_new = is_new or (text[index] == "\n" and len(quote) == 1)
        nesting += (text[index] in "([{") - (text[index] in ")]}")
        shown += piece
        index = end
    while index < len(text) and text[index] != "}":  # conversion and format
        end, piece, new = (
            _field(text, index, quote, depth + 1) if text[index] == "{" else (index + 1, text[index], False)
        )
        is_new = is_new or new
        shown += piece
        index = end
    if index >= len(text):
        raise _UnclosedError
    return index + 1, shown + "}", is_new


def _ends_value(text: str, index: int) -> bool:
    return text[index] in "}:" or (text[index] == "!" and text[index + 1 : index + 2] != "=")
