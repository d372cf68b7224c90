"""Languages that are not analysed deeply: bytes -> the calls that may name files, tables, models or routes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from mllint.facts.file import FileFacts
from mllint.facts.foreign import Foreign, ForeignCall
from mllint.readers.budget import MAX_BYTES, ReadingError, count_lines, decode
from mllint.readers.secrets import masked

MAX_CALLS = 20_000
_MINIFIED = 1_000  # characters of a line that nobody wrote by hand


def read(path: str, kind: str, data: bytes) -> FileFacts:
    """Facts of a file of kind r, scala, java, julia, javascript, html or cpp. A minified bundle has no calls: it is
    what some build wrote, and says nothing that its sources do not."""
    calls: tuple[ForeignCall, ...] = ()
    problems = []
    text = ""
    try:
        if len(data) > MAX_BYTES:
            raise ReadingError("ML003", 1, f"{len(data):,} bytes are more than a source file should have")
        text = decode(data).replace("\r\n", "\n")
        if not _is_minified(text):
            calls = tuple(map(_without_secrets, islice(_calls(kind, text), MAX_CALLS)))
    except ReadingError as error:
        problems.append(error.problem(path))
    return FileFacts(path, kind, count_lines(text), foreign=Foreign(kind, calls), problems=tuple(problems))


def _is_minified(text: str) -> bool:
    """Whether such lines hold half of the text."""
    return 2 * sum(len(line) for line in text.split("\n") if len(line) > _MINIFIED) > len(text)


def _calls(kind: str, text: str) -> Iterator[ForeignCall]:
    match kind:
        case "r":
            from mllint.readers.r_calls import r_calls

            yield from r_calls(text)
        case "html":
            from mllint.readers.html_calls import html_calls

            yield from html_calls(text)
        case _:
            from mllint.readers.tree_calls import tree_calls

            yield from tree_calls(kind, text)


def _without_secrets(call: ForeignCall) -> ForeignCall:
    if not any("@" in argument for argument in call.arguments):
        return call
    import msgspec

    return msgspec.structs.replace(call, arguments=tuple(map(masked, call.arguments)))
