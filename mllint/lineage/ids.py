"""Node ids, as `DESIGN` fixes them: one thing has one id, whatever file or language names it."""

from __future__ import annotations

import posixpath
import re

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
RUN_PART = "run-"  # how the names of such parts begin; no name in code does
LOGGED = "runs:/"  # how an artifact begins that a run of a tracker keeps: `runs:/{run-id}/model`
_RUN_PART = re.compile(r"\{run-\w+\}")
_SECRET = re.compile(r"(://[^/:@\s]*):[^@/\s]*@")

_HOLE = re.compile(r"\{[^{}]*\}")


def file_id(path: str) -> str:
    """`file:PATH`, repo-relative POSIX; a URL stays as it is, with any password masked.

    >>> file_id("./data\\\\raw//x.csv")
    'file:data/raw/x.csv'
    >>> file_id("s3://bucket/key")
    's3://bucket/key'
    """
    if _URL.match(path):
        if path.startswith("file://"):
            return file_id(path[len("file://") :])
        return _SECRET.sub(r"\1:***@", path)
    return "file:" + posixpath.normpath(path.replace("\\", "/"))


def table_id(name: str) -> str:
    """`table:[catalog.][schema.]name`, without quotes, in lower case."""
    return "table:" + re.sub(r'["`\[\]]', "", name).strip().lower()


def column_id(dataset: str, column: str) -> str:
    return f"column:{dataset}#{column}"


def split_column(node: str) -> tuple[str, str]:
    """`(dataset id, column)` of a column's id."""
    dataset, _, column = node.removeprefix("column:").rpartition("#")
    return dataset, column


def dataset_of(node: str) -> str:
    """The id of the dataset that a column stands in; any other id as it is."""
    return split_column(node)[0] if node.startswith("column:") else node


def model_id(name: str) -> str:
    return "model:" + (name if _URL.match(name) else name.removeprefix("./"))


def endpoint_id(method: str, route: str, file: str = "") -> str:
    """`endpoint:METHOD /route`; with its file where another service of the repository answers the same.

    >>> endpoint_id("post", "/predict"), endpoint_id("POST", "/predict", "fare/app.py")
    ('endpoint:POST /predict', 'endpoint:POST /predict in fare/app.py')
    """
    return f"endpoint:{method.upper()} {route}" + (f" in {file}" if file else "")


def split_endpoint(node: str) -> tuple[str, str]:
    """Method and route of an endpoint's id; both are empty, or the route alone, where it has none."""
    method, _, route = node.removeprefix("endpoint:").partition(" ")
    return method, route.partition(" in ")[0]


def consumer_id(name: str) -> str:
    return "consumer:" + name


def is_named(node: str) -> bool:
    """Whether every part of the name is known that can be: what each run has of its own is written `{run-time}`.

    >>> is_named("file:out/{run-time}/scores.csv"), is_named("file:out/{day}.csv")
    (True, False)
    """
    return "{" not in _RUN_PART.sub("", node)


def is_telling(node: str) -> bool:
    """Whether any part of a name is known, beside the ending of a file's.

    >>> is_telling("file:data/{day}.csv"), is_telling("file:{path}"), is_telling("file:{folder}/{name}.csv")
    (True, False, False)
    >>> is_telling("file:{folder}/*.csv"), is_telling("file:{folder}/rides*.csv")
    (False, True)
    >>> is_telling("table:{schema}.rides"), is_telling("table:{schema}.{table}")
    (True, False)
    """
    if "{" not in node:
        return True
    kind, _, name = node.partition(":")
    known = _HOLE.sub("", name).replace("*", "")
    has_ending = kind != "table" and (known.startswith(".") or "/." in known)
    return bool(re.search(r"\w", re.sub(r"\.\w+$", "", known) if has_ending else known))


def is_resolved(node: str) -> bool:
    """Whether every part of the name is known: an unresolved part is written `{name}`."""
    return "{" not in node
