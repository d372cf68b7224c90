"""INI files and `.env` files as positioned values. Every value is text."""

from __future__ import annotations

import configparser
import re

from mllint.facts.config import Entry, Value
from mllint.readers.budget import MAX_EVENTS, ReadingError, too_many

_SECTION = re.compile(r"\s*\[([^\]]+)\]")
_OPTION = re.compile(r"([^\s=:#;\[][^=:]*?)\s*(?:[=:]|$)")
_ENV = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=[ \t]*")


def read_ini(text: str) -> Value:
    """Sections, and in them options, in file order, as configparser reads them with interpolation off."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    lines = text.split("\n")
    if len(lines) > MAX_EVENTS:
        raise too_many(MAX_EVENTS)
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        raise ReadingError("ML001", error.lineno, "INI: an option stands before the first [section]") from None
    except configparser.ParsingError as error:
        raise ReadingError(
            "ML001", error.errors[0][0], f"INI: neither option nor section: {error.errors[0][1]}"
        ) from None
    except configparser.Error as error:
        raise ReadingError("ML001", 1, f"INI: {error.message}") from None
    places = _ini_places(lines)
    sections = []
    for name in parser.sections():
        line, column = places.get((name, None), (1, 1))
        options = []
        for key, raw in parser.items(name):
            at = places.get((name, key), (line, column))
            options.append(Entry(key, *at, at[1] + len(key), _text(lines, at, key, raw)))
        end = options[-1].value if options else None
        end_at = (end.end_line, end.end_column) if end else (line, column + len(name) + 1)
        body = Value("mapping", line, column, *end_at, None, (), tuple(options))
        sections.append(Entry(name, line, column, column + len(name), body))
    return Value("mapping", 1, 1, max(len(lines), 1), len(lines[-1]) + 1, None, (), tuple(sections))


def _ini_places(lines: list[str]) -> dict[tuple[str, str | None], tuple[int, int]]:
    """`(section, option)` -> line and column; of an option that is given twice, the later, which is what counts."""
    places: dict[tuple[str, str | None], tuple[int, int]] = {}
    section = ""
    for number, line in enumerate(lines, 1):
        if match := _SECTION.match(line):
            section = match[1]
            places.setdefault((section, None), (number, match.start(1) + 1))
        elif match := _OPTION.match(line):  # an indented line goes on with the value before it
            places[(section, match[1])] = (number, match.start(1) + 1)
    return places


def _text(lines: list[str], at: tuple[int, int], key: str, raw: str | None) -> Value:
    """A value behind its key; one of several lines ends where its last line ends."""
    line, column = at
    if raw is None:
        return Value("scalar", line, column, line, column + len(key), None)
    first = lines[line - 1]
    start = len(first) - len(re.sub(r"^\s*[=:]?\s*", "", first[column - 1 + len(key) :])) + 1
    end_line = min(line + raw.count("\n"), len(lines))
    return Value("scalar", line, start, end_line, len(lines[end_line - 1]) + 1, raw)


def read_env(text: str) -> Value:
    """`export NAME="value" # why`; lines that assign nothing are passed over, as the tools that load them do."""
    lines = text.split("\n")
    if len(lines) > MAX_EVENTS:
        raise too_many(MAX_EVENTS)
    entries: dict[str, Entry] = {}
    for number, line in enumerate(lines, 1):
        match = _ENV.match(line)
        if match is None:
            continue
        value, start, end = _env_value(line, match.end())
        place = Value("scalar", number, start + 1, number, end + 1, value)
        entries[match[1]] = Entry(match[1], number, match.start(1) + 1, match.end(1) + 1, place)
    return Value("mapping", 1, 1, max(len(lines), 1), len(lines[-1]) + 1, None, (), tuple(entries.values()))


def _env_value(line: str, start: int) -> tuple[str, int, int]:
    rest = line[start:].rstrip()
    quote = rest[:1]
    if quote in ("'", '"') and (end := rest.find(quote, 1)) > 0:
        return rest[1:end], start, start + end + 1
    bare = re.split(r"\s#", rest, maxsplit=1)[0].rstrip()
    return bare, start, start + len(bare)
