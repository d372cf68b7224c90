"""What an HTML page asks of a server: its forms, htmx attributes, and the calls of its inline scripts.

The standard library's parser takes quadratic time on tags that never end, so tags are found here, in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mllint.facts.foreign import ForeignCall

_JINJA = re.compile(r"\{\{([^{}]*)\}\}")
_TAG_OF_DJANGO = re.compile(r"\{%\s*(url\b[^{}%]*)%\}")  # `{% url "predict" %}`
_TAG = re.compile(
    r"""<!--(?s:.*?)(?:-->|\Z) | <(?P<tag>[A-Za-z][\w-]*)(?P<attributes>(?:[^<>"']|"[^"<]*"|'[^'<]*')*+)>""", re.VERBOSE
)
_ATTRIBUTE = re.compile(
    r"""([\w:@.-]++)\s*+(?:=\s*+("(?:\{[{%][^{}]*[}%]\}|[^"])*+"|'(?:\{[{%][^{}]*[}%]\}|[^'])*+'|[^\s"'>]+))?"""
)
_END_OF_SCRIPT = re.compile(r"</script\b", re.IGNORECASE)
_SCRIPT_TYPES = {"", "module", "text/javascript", "application/javascript", "text/babel"}
_HTMX = ("hx-delete", "hx-get", "hx-post", "hx-put")


def html_calls(text: str) -> Iterator[ForeignCall]:
    """`form` with `action` and `method`, `hx-post` and its like with a route, and what the scripts call."""
    position = line = 0
    while match := _TAG.search(text, position):
        line += text.count("\n", position, match.start())
        position = match.end()
        place = _place(text, match, line + 1)
        line += match.group().count("\n")
        tag, attributes = (match["tag"] or "").lower(), _attributes(match["attributes"] or "")
        if tag == "form":
            method = attributes.get("method", "get").upper()
            yield ForeignCall("form", (_filled(attributes.get("action", "")), method), *place, ("action", "method"))
        for name in _HTMX:
            if name in attributes:
                yield ForeignCall(name, (_filled(attributes[name]),), *place, ("",))
        if tag == "script":
            end = _END_OF_SCRIPT.search(text, position)
            script = text[position : end.start() if end else len(text)]
            if script.strip() and attributes.get("type", "") in _SCRIPT_TYPES:
                yield from _script(script, line + 1)
            line += script.count("\n")
            position += len(script)


def _script(script: str, line: int) -> Iterator[ForeignCall]:
    from mllint.readers.tree_calls import tree_calls

    yield from tree_calls("javascript", _JINJA.sub(r"\1", _TAG_OF_DJANGO.sub(_unquoted, script)), line)


def _unquoted(tag: re.Match[str]) -> str:
    """`<url predict>`: the tag may stand between quotes that are its own, too."""
    return "<" + tag[1].replace('"', "").replace("'", "").strip() + ">"


def _place(text: str, match: re.Match[str], line: int) -> tuple[int, int, int, int]:
    column = match.start() - text.rfind("\n", 0, match.start())
    written = match.group()
    if "\n" in written:
        return line, column, line + written.count("\n"), len(written) - written.rindex("\n")
    return line, column, line, column + len(written)


def _attributes(text: str) -> dict[str, str]:
    return {name.lower(): value[1:-1] if value[:1] in "\"'" else value for name, value in _ATTRIBUTE.findall(text)}


def _filled(text: str) -> str:
    """`{{ url_for('predict') }}` is one unknown part."""
    text = _TAG_OF_DJANGO.sub(_unquoted, text)
    return _JINJA.sub(lambda match: "{" + match[1].strip() + "}", text)
