"""Calls with literal arguments in R.

No maintained wheel of an R grammar exists, and what is needed of R is little: brackets, names, texts and arrows. One
pass over the tokens, with a stack of what is open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from mllint.facts.foreign import ForeignCall

# A text that is not closed ends where the file ends: trying again at its next quote would be quadratic.
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*) | (?P<raw>[rR]["']\((?s:.*?)(?:\)["']|\Z))
      | (?P<text>"(?:[^"\\]|\\(?s:.))*(?:"|\Z)|'(?:[^'\\]|\\(?s:.))*(?:'|\Z))
      | (?P<arrow><<?-|->>?) | (?P<pipe>\|>|%[^%\n]*%) | (?P<scope>:::?) | (?P<part>[$@])
      | (?P<equal>==|<=|>=|!=|=) | (?P<open>[(\[{]) | (?P<close>[)\]}]) | (?P<end>[;\n]) | (?P<comma>,)
      | (?P<name>(?:[^\W\d]|\.)[\w.]*|`[^`\n]*`) | (?P<other>\d[\w.]*|[^\s])""",
    re.VERBOSE,
)
_CLOSES = {")": "(", "]": "[", "}": "{"}
_WORDS = {"function", "if", "else", "for", "while", "repeat", "in", "next", "break", "return", "TRUE", "FALSE", "NULL",
          "NA", "T", "F"}  # fmt: skip
_JOINS = {"paste0": "", "file.path": "/", "here": "/", "here::here": "/", "fs::path": "/", "paste": " ", "str_c": ""}
_SAME = {"glue", "glue::glue", "normalizePath", "path.expand", "sprintf", "str_glue", "path"}
_GLUED = re.compile(r"\{([^{}]*)\}")
_FORMAT = re.compile(r"%[-+0-9.]*[a-zA-Z]")
_MAX_OPEN = 200


class _Argument(msgspec.Struct):
    name: str = ""
    values: list[str | None] = []  # of what stands in it; one value alone is its value


class _Open(msgspec.Struct):
    """A bracket that is still open: of a call if `function` is given, of a block if it is a brace."""

    bracket: str
    function: str
    line: int
    column: int
    arguments: list[_Argument]
    uses: dict[str, None]


class _Statement(msgspec.Struct):
    target: str = ""
    names: dict[str, None] = {}
    text: str | None = None
    values: int = 0
    piped: bool = False
    line: int = 0
    column: int = 0
    calls: list[tuple[ForeignCall, dict[str, None]]] = []


def r_calls(text: str) -> Iterator[ForeignCall]:
    """Calls in the order in which they close, and assignments without a call as `=`."""
    return _Reader(_code(text)).calls()


def _code(text: str) -> str:
    """The R of an R Markdown document: its chunks, at their lines; any other text as it is."""
    if not re.search(r"^[ \t]*```\{[rR]\b", text, re.MULTILINE):
        return text
    lines, inside = [], False
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            inside = re.match(r"[ \t]*```\{[rR]\b", line) is not None
            lines.append("")
        else:
            lines.append(line if inside else "")
    return "\n".join(lines)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.open: list[_Open] = []
        self.statements = [_Statement()]
        self.constants: dict[str, str | None] = {}
        self.name = ""  # the name that was just read, as it is written
        self.name_at = (1, 1)
        self.after_part = False  # behind `$`
        self.continued = False  # the line ended with an operator

    def calls(self) -> Iterator[ForeignCall]:
        line, line_start = 1, 0
        for match in _TOKEN.finditer(self.text):
            kind, word = match.lastgroup or "", match.group()
            column = match.start() - line_start + 1
            end = match.end() - line_start + 1
            yield from self._token(kind, word, line, column, end)
            if "\n" in word:
                line, line_start = line + word.count("\n"), match.start() + word.rindex("\n") + 1
        self._flush_name()
        while self.statements:
            yield from self._finish()
            self.statements.pop()

    def _token(self, kind: str, word: str, line: int, column: int, end: int) -> Iterator[ForeignCall]:
        statement = self.statements[-1]
        if kind in ("name", "scope"):
            self._name(kind, word, line, column)
            return
        if kind == "part":
            self._flush_name()
            self.after_part = True
            return
        if kind == "open":
            self._opened(word, line, column)
            return
        if kind == "equal" and word == "=" and self.name and self._in_call():
            self.open[-1].arguments[-1].name, self.name = self.name.strip("`"), ""
            return
        if (kind == "arrow" and word.startswith("<")) or (kind == "equal" and word == "=" and not self._in_call()):
            statement.target, self.name = self.name.strip("`"), ""
            statement.line, statement.column = self.name_at
            return
        self._flush_name()
        match kind:
            case "text" | "raw":
                self._value(_unquoted(kind, word))
            case "pipe":
                statement.piped = True
            case "arrow":
                statement.target = "->"
                statement.line, statement.column = line, column
            case "comma" if self._in_call():
                self.open[-1].arguments.append(_Argument())
            case "close":
                yield from self._closed(word, line, end)
            case "end" if not self.continued and not (self.open and self.open[-1].bracket != "{"):
                yield from self._finish()
            case "other" | "equal":
                self._value(None)
        if kind != "comment":
            self.continued = kind in ("pipe", "arrow") or (kind == "other" and not word[0].isdigit())

    def _in_call(self) -> bool:
        return bool(self.open) and self.open[-1].bracket == "("

    def _name(self, kind: str, word: str, line: int, column: int) -> None:
        self.continued = False
        if kind == "scope" or self.name.endswith(":"):  # readr::read_csv
            self.name += word
            return
        self._flush_name()
        self.name, self.name_at = word, (line, column)

    def _flush_name(self) -> None:
        """A name that was no function and no keyword is a variable that is used."""
        name, self.name = self.name.strip("`"), ""
        after_part, self.after_part = self.after_part, False
        if not name or after_part or name in _WORDS:
            return
        statement = self.statements[-1]
        if statement.target == "->":
            statement.target = name
            return
        statement.names.setdefault(name)
        if self.open and self.open[-1].bracket != "{":
            self.open[-1].uses.setdefault(name)
        known = self.constants.get(name)
        self._value(known if known is not None else "{" + name + "}")

    def _value(self, value: str | None) -> None:
        if self.open and self.open[-1].bracket != "{":
            self.open[-1].arguments[-1].values.append(value)
        else:
            statement = self.statements[-1]
            statement.values += 1
            statement.text = value

    def _opened(self, word: str, line: int, column: int) -> None:
        function = "" if self.after_part or word != "(" else self.name
        at = self.name_at if function else (line, column)
        if function in _WORDS:
            function = ""
        if function:
            self.name = ""
        self._flush_name()
        self.continued = False
        if len(self.open) >= _MAX_OPEN:
            return
        self.open.append(_Open(word, function, *at, [_Argument()], {}))
        if word == "{":
            self.statements.append(_Statement())

    def _closed(self, word: str, line: int, end: int) -> Iterator[ForeignCall]:
        if not self.open or self.open[-1].bracket != _CLOSES[word]:
            return
        closed = self.open.pop()
        if word == "}":
            yield from self._finish()
            self.statements.pop()
            return
        if self.open and self.open[-1].bracket != "{":
            self.open[-1].uses.update(closed.uses)
        value = _joined(closed)
        self._value(value)
        if closed.function and value is None:
            given = [(each.name, each.values[0]) for each in closed.arguments if len(each.values) == 1]
            texts = [(name, text) for name, text in given if text is not None and not _GLUED.fullmatch(text)]
            call = ForeignCall(
                closed.function, tuple(text for _, text in texts), closed.line, closed.column, line, end,
                tuple(name for name, _ in texts),
            )  # fmt: skip
            self.statements[-1].calls.append((call, closed.uses))

    def _finish(self) -> Iterator[ForeignCall]:
        """A statement is over: its calls, with the variable that it sets."""
        done, self.statements[-1] = self.statements[-1], _Statement()
        target = done.target if done.target != "->" else ""
        for call, uses in done.calls:
            used = done.names if done.piped else uses
            if call.arguments or used:
                yield msgspec.structs.replace(call, target=target, uses=tuple(name for name in used if name != target))
        if not target:
            return
        is_text = done.values == 1 and done.text is not None and not done.calls
        self.constants[target] = done.text if is_text and target not in self.constants else None
        if not done.calls and done.names:
            end = done.column + len(target)
            others = tuple(name for name in done.names if name != target)
            yield ForeignCall("=", (), done.line, done.column, done.line, end, (), target, others)


def _unquoted(kind: str, word: str) -> str:
    if kind == "raw":
        return word[3:-2]
    return re.sub(r"\\(.)", r"\1", word[1:-1])


def _joined(closed: _Open) -> str | None:
    """The text that `paste0("data/", name)` or `file.path("data", "x.csv")` makes, unknown parts as `{name}`."""
    values = [each.values[0] if len(each.values) == 1 else None for each in closed.arguments if each.name != "sep"]
    if not values or all(value is None for value in values):
        return None
    texts = ["{value}" if value is None else value for value in values]
    if closed.function in _JOINS:
        named = [each.values[0] for each in closed.arguments if each.name == "sep" and each.values]
        separator = named[0] if named and named[0] is not None else _JOINS[closed.function]
        return separator.join(texts)
    if closed.function in _SAME:
        return _FORMAT.sub("{value}", texts[0])
    return None
