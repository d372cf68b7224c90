"""Commands that ask a server: `curl -d @trip.json localhost:8000/eta`, `http POST :8000/eta km=3`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

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
