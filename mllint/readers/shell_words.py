"""Words and operators of shell text, with their places. One pass, no recursion: nested text is kept for later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

_PLAIN = re.compile(r"[^\s\\'\"$`;&|()<>{#]+")
_IN_QUOTES = re.compile(r"[^\\\"$`{]+")
_OPERATOR = re.compile(r"&&|\|\||;;|\|&|[;&|()\n]")
_REDIRECTION = re.compile(r"(?:\d*|&)(?:<<<|<<-?|>>|>\||>&|<&|<>|[<>])")
_HEREDOC = re.compile(r"<<(-?)[ \t]*(['\"]?)([A-Za-z0-9_]+)\2")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|([0-9@*#?$!-]))")
_BRACED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*|[0-9@*])(?:(:?[-=])([^{}$`]*))?\}")
# `$(cd "$(dirname "$0")" && pwd)`: where the script itself stands
_OWN_FOLDER = re.compile(r"dirname\b[^)]*(?:\$0|\$\{0|BASH_SOURCE)|\$\{(?:0|BASH_SOURCE\S*?)%/\*\}")
_TEMPLATE = re.compile(r"\$?\{\{([^{}\n]*)\}\}")


class Part(msgspec.Struct, frozen=True):
    """A piece of a word: literal text, or the value of `name` (with `default` where it has none)."""

    text: str = ""
    name: str = ""
    default: str | None = None
    quoted: bool = False


class Word(msgspec.Struct):
    line: int
    column: int
    parts: list[Part] = []
    substitutions: list[tuple[str, int]] = []  # texts of `$(...)`, with their lines

    @property
    def plain(self) -> str:
        """The word if it is one unquoted literal, as keywords must be."""
        return self.parts[0].text if len(self.parts) == 1 and not self.parts[0].quoted else ""

    @property
    def head(self) -> str:
        return self.parts[0].text if self.parts and not self.parts[0].quoted else ""

    def expand_one(self, variables: Mapping[str, str]) -> str:
        return "".join(_value(part, variables) for part in self.parts)

    def expand(self, variables: Mapping[str, str]) -> list[str]:
        """The words it becomes: an unquoted variable is split at its spaces."""
        words = [""]
        for part in self.parts:
            value = _value(part, variables)
            if part.quoted or not part.name or not re.search(r"\s", value):
                words[-1] += value
                continue
            first, *others = re.split(r"\s+", value)
            words[-1] += first
            words.extend(others)
        only_unquoted = not any(part.quoted for part in self.parts)
        return [word for word in words if word or not only_unquoted]


class Operator(msgspec.Struct, frozen=True):
    text: str


Token = Word | Operator


def _value(part: Part, variables: Mapping[str, str]) -> str:
    if not part.name:
        return part.text
    known = variables.get(part.name)
    if known is not None and (known or part.default is None):
        return known
    return part.default if part.default is not None else "{" + part.name + "}"


def tokenize(text: str, line: int) -> Iterator[Token]:
    """Words and operators; comments, redirections and heredocs are left out."""
    return _Tokenizer(text, line).tokens()


class _Tokenizer:
    def __init__(self, text: str, line: int) -> None:
        self.text = text.replace("\r\n", "\n")
        self.line = line
        self.position = self.line_start = 0
        self.word: Word | None = None
        self.heredocs: list[tuple[str, bool]] = []
        self.skip_word = False  # the word that comes is the target of a redirection

    def tokens(self) -> Iterator[Token]:
        text = self.text
        while self.position < len(text):
            char = text[self.position]
            if char in " \t":
                yield from self._end_word()
                self.position += 1
            elif char == "#" and self.word is None:
                end = text.find("\n", self.position)
                self.position = len(text) if end < 0 else end
            elif match := _REDIRECTION.match(text, self.position) if self._may_redirect() else None:
                yield from self._end_word()
                self._redirect(match)
            elif match := _OPERATOR.match(text, self.position):
                yield from self._end_word()
                self._advance(match.end())
                self.skip_word = False
                yield Operator(match.group())
                if char == "\n" and self.heredocs:
                    self._skip_heredocs()
            else:
                self._part(char)
        yield from self._end_word()

    def _may_redirect(self) -> bool:
        char = self.text[self.position]
        return char in "<>&" or (self.word is None and char.isdigit())

    def _end_word(self) -> Iterator[Word]:
        word, self.word = self.word, None
        if word is None:
            return
        if self.skip_word:
            self.skip_word = False
        else:
            yield word

    def _redirect(self, match: re.Match[str]) -> None:
        heredoc = _HEREDOC.match(
            self.text, self.position + len(match.group()) - len(match.group().lstrip("0123456789"))
        )
        if heredoc and not match.group().endswith("<<<"):
            self.heredocs.append((heredoc[3], heredoc[1] == "-"))
            self._advance(heredoc.end())
        else:
            self._advance(match.end())
            self.skip_word = True

    def _skip_heredocs(self) -> None:
        """Move behind the bodies of the heredocs that the line before began."""
        for end, indented in self.heredocs:
            indent = r"\t*" if indented else ""
            pattern = re.compile(rf"^{indent}{end}[ \t]*$", re.MULTILINE)
            found = pattern.search(self.text, self.position)
            self._advance(len(self.text) if found is None else found.end())
        self.heredocs = []

    def _advance(self, position: int) -> None:
        newlines = self.text.count("\n", self.position, position)
        if newlines:
            self.line += newlines
            self.line_start = self.text.rindex("\n", self.position, position) + 1
        self.position = position

    # --------------------------------------------------------------------------------------------- parts

    def _add(self, part: Part) -> None:
        if self.word is None:
            self.word = Word(self.line, self.position - self.line_start + 1)
        parts = self.word.parts
        if parts and not part.name and not parts[-1].name and parts[-1].quoted == part.quoted:
            parts[-1] = Part(parts[-1].text + part.text, quoted=part.quoted)
        else:
            parts.append(part)

    def _part(self, char: str) -> None:
        text, start = self.text, self.position
        if char == "\\":
            if text[start + 1 : start + 2] == "\n":
                self._advance(start + 2)
            elif self._is_in_windows_path(start):
                self._add(Part("/"))
                self._advance(start + 1)
            else:
                self._add(Part(text[start + 1 : start + 2]))
                self._advance(min(start + 2, len(text)))
        elif char == "'":
            end = text.find("'", start + 1)
            end = len(text) if end < 0 else end
            self._add(Part(text[start + 1 : end], quoted=True))
            self._advance(min(end + 1, len(text)))
        elif char == '"':
            self._add(Part("", quoted=True))
            self._advance(start + 1)
            self._double_quoted()
        elif char in "$`{":
            self._dollar(quoted=False)
        else:
            match = _PLAIN.match(text, start)
            end = match.end() if match else start + 1
            self._add(Part(text[start:end]))
            self._advance(end)

    def _is_in_windows_path(self, at: int) -> bool:
        """Whether the backslash separates folders: `python src\\train.py`. No shell needs one before a letter."""
        return self.word is not None and self.text[at - 1 : at].isalnum() and self.text[at + 1 : at + 2].isalnum()

    def _double_quoted(self) -> None:
        text = self.text
        while self.position < len(text) and text[self.position] != '"':
            start, char = self.position, text[self.position]
            if char == "\\":
                following = text[start + 1 : start + 2]
                if following != "\n":
                    self._add(Part(following if following in '"\\$`' else char + following, quoted=True))
                self._advance(min(start + 2, len(text)))
            elif char in "$`{":
                self._dollar(quoted=True)
            else:
                match = _IN_QUOTES.match(text, start)
                end = match.end() if match else start + 1
                self._add(Part(text[start:end], quoted=True))
                self._advance(end)
        self._advance(min(self.position + 1, len(text)))

    def _dollar(self, quoted: bool) -> None:
        """`$NAME`, `${NAME:-default}`, `$(...)`, `` `...` ``, `${{ ci.expression }}`, `{{ jinja }}`, or a lone sign."""
        text, start = self.text, self.position
        if match := _TEMPLATE.match(text, start):
            self._add(Part(name=match[1].strip() or "value", quoted=quoted))
        elif match := _BRACED.match(text, start):
            self._add(Part(name=match[1], default=match[3] if match[2] else None, quoted=quoted))
        elif match := _VARIABLE.match(text, start):
            name = match[1] or match[2]
            self._add(Part(".", quoted=quoted) if name == "PWD" else Part(name=name, quoted=quoted))
        elif text.startswith(("$(", "${"), start):
            self._substitution(quoted, start + 2, _closing(text, start + 1))
            return
        elif text[start] == "`":
            end = text.find("`", start + 1)
            self._substitution(quoted, start + 1, len(text) if end < 0 else end)
            return
        else:
            self._add(Part(text[start], quoted=quoted))
            self._advance(start + 1)
            return
        self._advance(match.end())

    def _substitution(self, quoted: bool, start: int, end: int) -> None:
        inner = self.text[start:end]
        known = own_folder(self.text[self.position : end + 1] if self.text[start - 1] == "{" else inner)
        self._add(Part(known, quoted=True) if known is not None else Part(name="output", quoted=True))
        if known is None and self.text[start - 1] != "{" and self.word is not None:
            self.word.substitutions.append((inner, self.line))
        self._advance(min(end + 1, len(self.text)))


def _closing(text: str, start: int) -> int:
    """Index of the bracket that closes the one at `start`, quotes respected; the end of the text if none does."""
    opening = text[start]
    closing = ")" if opening == "(" else "}"
    depth = 0
    for match in re.compile(r"\\.|'[^']*'|[(){}]", re.DOTALL).finditer(text, start):
        if match.group() == opening:
            depth += 1
        elif match.group() == closing:
            depth -= 1
            if depth == 0:
                return match.start()
    return len(text)


def own_folder(substitution: str) -> str | None:
    """What `$(...)` or `${...}` gives, if it is one of the usual ways to ask for a folder."""
    if _OWN_FOLDER.search(substitution):
        # `$(cd "$(dirname "$0")/.." && pwd)`
        up = re.findall(r"/\.\.", substitution)
        return "{script}" + "/.." * len(up)
    if substitution.strip() == "pwd":
        return "."
    if "rev-parse --show-toplevel" in substitution:
        return "{root}"
    return None
