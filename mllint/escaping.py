"""What is quoted from an analysed repository, made safe for each language that mllint writes.

Names of files, columns and tables, and lines of source, come from strangers. One function per output language; every
report and drawing goes through these.
"""

from __future__ import annotations

import re
import unicodedata

# ------------------------------------------------------------------------------------------------- secrets

_USER_INFO = re.compile(r"(?<=://)([^\s/@:'\"]{0,256}:)?([^\s/@'\"]{1,512})(?=@)")
_KEY = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS access key
    r"|\bgh[pousr]_\w{20,255}|\bgithub_pat_\w{20,255}|\bglpat-[\w-]{20,255}"
    r"|\bxox[abposr]-[\w-]{10,255}|\bsk-[\w-]{20,255}|\bhf_\w{20,255}|\bAIza[\w-]{35}|\bdapi[0-9a-f]{32}"
    r"|\beyJ[\w-]{8,2048}\.[\w-]{8,2048}(?:\.[\w-]{0,2048})?"  # JSON web token
    r"|(?<=PRIVATE KEY-----)[^-]{1,4096}"
)
# `password = "hunter2"`, `"api_key": "..."`, `AWS_SECRET_ACCESS_KEY=...`, `?sig=...&`; a reference such as
# `password=config.password`, `getenv("DB_PASSWORD")` or `{{ password }}` is no secret.
_WORD = r"(?:password|passwd|pwd|secret|token|api_?key|access_?key|account_?key|private_?key|credential|sig)"
_ASSIGNED = re.compile(
    rf"(?i)\b\w{{0,64}}{_WORD}(?:_id|_key|s)?[\"']?\]?\s{{0,8}}(?:[:=]|(?P<comma>,)(?=\s?[\"']))\s{{0,8}}[bru]{{0,2}}"
    r"(?:\"(?P<double>[^\"\n]{4,1024})\"?|'(?P<single>[^'\n]{4,1024})'?|(?P<bare>[^\s\"'(){}\[\],;&.<>$]{8,1024})(?![\w.(\[]))"
)
_REFERENCE = re.compile(r"[$%]?\{.*\}|<.*>|\[.*\]|\$\w+|\*+|None|null|true|false", re.IGNORECASE | re.DOTALL)


def mask_secrets(text: str) -> str:
    """The text with passwords of URLs and what looks like keys as asterisks, one for each character, so that columns
    stay where they are."""
    if "://" in text:
        text = _USER_INFO.sub(lambda hit: (hit[1] or "") + "*" * len(hit[2]), text)
    text = _KEY.sub(lambda hit: "*" * len(hit[0]), text)
    return _ASSIGNED.sub(_mask_assigned, text)


def _mask_assigned(hit: re.Match[str]) -> str:
    which = next((name for name in ("double", "single", "bare") if hit[name]), None)
    value = hit[which] if which else ""
    if not which or _REFERENCE.fullmatch(value):
        return hit[0]
    if (which == "bare" or hit["comma"]) and not _looks_random(value):
        return hit[0]
    start, end = hit.start(which) - hit.start(), hit.end(which) - hit.start()
    return hit[0][:start] + "*" * (end - start) + hit[0][end:]


def _looks_random(value: str) -> bool:
    """`token=tokenizer` is code, `["token", "length"]` are columns; `SECRET=9f8a7c6b5d` in a script is neither."""
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


# ------------------------------------------------------------------------------------------------ terminal

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, bidi and zero-width, surrogates, private, separators
_LOG_COMMAND = re.compile(r"##(?=\w*\[)")  # `##[group]`, `##vso[...]`: commands anywhere in a line of a CI log


def terminal(text: str) -> str:
    """Text that moves no cursor, changes no colour, turns no direction, starts no line. One character in, one out."""
    if text.isascii() and text.isprintable():
        return _LOG_COMMAND.sub("#\u00b7", text)
    return _LOG_COMMAND.sub("#\u00b7", "".join(map(_visible, text)))


def _visible(character: str) -> str:
    if character == "\t":
        return " "
    if ord(character) < 0x20:
        return chr(0x2400 + ord(character))  # the pictures of control characters
    return "\ufffd" if unicodedata.category(character) in _HIDDEN else character


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


# ------------------------------------------------------------------------------------- GitHub workflow commands


def github_message(text: str) -> str:
    """The part after the second `::`; line breaks stay, percent-encoded."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "%0A".join(terminal(line).replace("%", "%25") for line in lines)


def github_property(text: str) -> str:
    """A value between `::` and `::`."""
    return github_message(text).replace(":", "%3A").replace(",", "%2C")


# --------------------------------------------------------------------------------------------------- drawings


def dot(text: str) -> str:
    """A quoted string of DOT that is shown as it stands: no escape sequence, entity or HTML of its own."""
    shown = terminal(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


_PLAIN = re.compile(r"[^A-Za-z0-9 _./*=+\u00b7\u2026-]")


def mermaid(text: str) -> str:
    """A quoted label of Mermaid: everything that is not plain is written as an entity."""
    return '"' + _PLAIN.sub(lambda hit: f"#{ord(hit[0])};", terminal(text)) + '"'
