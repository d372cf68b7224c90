"""Commands that ask a server: `curl -d @trip.json localhost:8000/eta`, `http POST :8000/eta km=3`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_URL = re.compile(r"https?://\S+|(?:localhost|\d+(?:\.\d+){3}|[\w.-]+(?=:\d)|\{[^{}]*\})?(?::(?:\d+|\{[^{}]*\}))?/\S*")
# options whose value is no URL, and those that send data
_METHOD = {"-X", "--request", "--method", "-m"}
_DATA = re.compile(
    r"(-d|-F|-T|--data(-raw|-binary|-urlencode|-ascii)?|--form|--json|--upload-file|--post-(data|file))(=|$)|-d."
)
_VALUES = {
    "-H", "--header", "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "-F", "--form", "--json",
    "-o", "--output", "-O", "--output-document", "-u", "--user", "-A", "-e", "-b", "-c", "-w", "--write-out", "-T",
    "--max-time", "--retry", "--retry-delay", "--connect-timeout", "--cacert", "--cert", "--key", "-P", "-n", "-t",
}  # fmt: skip
_CURL = ("curl", "wget", "hey")
_HTTPIE = ("http", "https", "xh")


def request_of(words: Sequence[str]) -> tuple[str, str] | None:
    """The method and URL that a command asks; `None` if it asks none that can be told.

    >>> request_of(["curl", "-s", "-H", "a: b", "-d", "@trip.json", "localhost:8000/eta"])
    ('POST', 'http://localhost:8000/eta')
    >>> request_of(["http", ":8000/eta", "km=3"])
    ('POST', 'http://:8000/eta')
    >>> request_of(["curl", "-f", "http://{HOST}/health"])
    ('GET', 'http://{HOST}/health')
    >>> request_of(["curl", "-o", "a.csv"]) is None
    True
    """
    program = posixpath.basename(words[0]) if words else ""
    if program not in (*_CURL, *_HTTPIE):
        return None
    method, urls, sends, index = "", list[str](), False, 1
    while index < len(words):
        word, following = words[index], words[index + 1] if index + 1 < len(words) else ""
        if word in _METHOD or (word.startswith("-X") and len(word) > 2):
            method = (following if word in _METHOD else word[2:]).upper()
            index += word in _METHOD
        elif word.startswith(("--method=", "--request=")):
            method = word.partition("=")[2].upper()
        elif program in _HTTPIE and word.upper() in _METHODS and not urls:
            method = word.upper()
        elif program in _CURL and word.startswith("-"):
            sends = sends or _DATA.match(word) is not None
            index += word in _VALUES
        elif _URL.fullmatch(word):
            urls.append(word)
        elif program in _HTTPIE and re.match(r"[\w.]+:?=", word):  # a field of the body, not `name==value` of the query
            sends = sends or not re.match(r"[\w.]+==", word)
        index += 1
    if len(urls) != 1:
        return None
    url = urls[0] if "://" in urls[0] else f"http://{urls[0]}"
    return method or ("POST" if sends else "GET"), url


_SENT = {"-d", "--data", "--data-binary", "--data-urlencode", "--data-ascii", "--json", "-F", "--form"}
_PLAIN = {"-T", "--upload-file", "--post-file", "--body-file", "-D"}  # the file's name alone, without `@`


def files_sent(words: Sequence[str]) -> list[str]:
    """The files whose content a command sends.

    >>> files_sent(["curl", "-d", "@trip.json", "-F", "image=@leaf.png;type=image/png", "localhost:8000/eta"])
    ['trip.json', 'leaf.png']
    >>> files_sent(["wget", "--post-file=trip.json", "localhost:8000/eta"]), files_sent(["http", ":80/eta", "a@a.csv"])
    (['trip.json'], ['a.csv'])
    >>> files_sent(["curl", "-d", "me@example.org", "-H", "@headers", "localhost:8000/eta"])
    []
    """
    return [name for name in _sent(words) if name not in ("", "-")]


def _sent(words: Sequence[str]) -> Iterator[str]:
    program = posixpath.basename(words[0]) if words else ""
    plain = _PLAIN if program == "hey" else _PLAIN - {"-D"}  # of curl it is where headers are written
    for word, value in zip(words[1:], [*words[2:], ""], strict=True):
        if word.startswith("--") and "=" in word:
            word, _, value = word.partition("=")
        elif word[:2] in ("-d", "-F") and len(word) > 2 and word[1] != "-":
            word, value = word[:2], word[2:]
        if program in _HTTPIE and (field := re.fullmatch(r"[\w.-]*@(.+)", word)):
            yield field[1]
        elif word in plain:
            yield value
        elif word in _SENT and (
            sent := re.match(r"(?:[\w.-]+=)?@([^;]+)" if word in ("-F", "--form") else "@(.+)", value)
        ):
            yield sent[1]
