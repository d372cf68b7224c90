"""Statements of other products than BigQuery that train a model, as the query of their rows and what is made of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from mllint.linker.sql.statements import Training
from mllint.linker.sql.text import named

_PART = r"(?:\"[^\"]+\"|[\w$]+)"
_NAME = rf"{_PART}(?:\.{_PART}){{0,2}}"
_LONGEST = 100_000  # characters

SIGN = re.compile(
    r"\bcreate\s+(?:or\s+replace\s+)?(?:model|snowflake\.ml)\b|\bpgml\.train\s*\(|\bmadlib\.\w+_train\s*\(",
    re.IGNORECASE,
)


class Trains(msgspec.Struct):
    """`query` are the rows, which stand at `start` of the statement (0 if they are put together); `function` is the
    name under which SQL calls the model, `table` whether it lies in a table of its name."""

    model: str
    training: Training
    query: str
    start: int = 0
    function: str = ""
    table: bool = False


def trains(text: str) -> Trains | None:
    for pattern, make in _FORMS if len(text) <= _LONGEST else ():
        found = pattern.match(text)
        if found is not None:
            return make(found)
    return None


def _redshift(found: re.Match[str]) -> Trains:
    rows, start = found["rows"], found.start("rows")
    what = re.search(
        r"\b(?:model_type|problem_type)\s+(\w+)", found[0][found.end("rows") - found.start() :], re.IGNORECASE
    )
    target = _plain(found["target"] or "")
    training = Training(what[1].lower() if what is not None else "redshift ml", target)
    query = rows[1:-1] if rows.startswith("(") else f"SELECT * FROM {rows}"
    start = start + 1 if rows.startswith("(") else 0
    return Trains(_plain(found["model"]), training, query, start, _plain(found["function"]))


def _snowflake(found: re.Match[str]) -> Trains | None:
    given = found["given"]
    rows = _REFERENCE.search(given)
    if rows is None:
        return None
    target = _TARGET.search(given)
    left = [name[1].lower() for name in _SERIES.finditer(given)]
    training = Training(f"snowflake.ml.{found['what'].lower()}", target[1].lower() if target else "", tuple(left))
    query = rows["query"] or rows["inner"]
    start = found.start("given") + rows.start("query" if rows["query"] else "inner") if query else 0
    return Trains(_plain(found["model"]), training, query or f"SELECT * FROM {rows['table'] or rows['named']}", start)


def _postgresml(found: re.Match[str]) -> Trains | None:
    """pgml.train('project', 'regression', 'schema.table', 'label', 'xgboost')"""
    given = dict(
        zip(("project_name", "task", "relation_name", "y_column_name", "algorithm"), _values(found[1]), strict=False)
    )
    given.update({name.lower(): value for name, value in _KEYWORD.findall(found[1])})
    if not given.get("project_name") or not given.get("relation_name"):
        return None
    training = Training(given.get("algorithm", "") or "pgml", given.get("y_column_name", "").lower())
    return Trains(given["project_name"], training, f"SELECT * FROM {given['relation_name']}")


def _madlib(found: re.Match[str]) -> Trains | None:
    """madlib.linregr_train('houses', 'houses_linregr', 'price', 'ARRAY[1, tax, bath]')"""
    values = _values(found[2])
    if len(values) < 4:
        return None
    source, model, label, features = values[:4]
    if "forest" in found[1] or "tree" in found[1]:  # source, output, id, label, features
        label, features = values[3], values[4] if len(values) > 4 else "*"
    inside = re.fullmatch(r"\s*array\s*\[(.*)\]\s*", features, re.IGNORECASE | re.DOTALL)
    listed = [each.strip() for each in (inside[1] if inside else features).split(",")]
    kept = [each for each in listed if each and not each.isdigit()]
    training = Training(found[1].lower(), label.lower())
    return Trains(model, training, f"SELECT {', '.join([*kept, label])} FROM {source}", table=True)


def _values(written: str) -> list[str]:
    """The texts that a call is given by their place."""
    return [found[2] for found in _VALUE.finditer(written) if not found[1]]


def _plain(name: str) -> str:
    return named(name.replace('"', ""))


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


_VALUE = re.compile(r"((?:\w+\s*(?::=|=>)\s*)?)'((?:[^']|'')*)'")
_KEYWORD = re.compile(r"(\w+)\s*(?::=|=>)\s*'([^']*)'")
_REFERENCE = _form(
    rf"input_data\s*=>\s*(?:system\$reference\s*\(\s*'\w+'\s*,\s*'(?P<named>{_NAME})'|"
    rf"system\$query_reference\s*\(\s*(?:'(?P<query>(?:[^']|'')*)'|\$\$(?P<inner>.*?)\$\$)|"
    rf"table\s*\(\s*(?P<table>{_NAME})\s*\))"
)
_TARGET = _form(r"target_colname\s*=>\s*'(\w+)'")
_SERIES = _form(r"(?:series|timestamp)_colname\s*=>\s*'(\w+)'")
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Trains | None]], ...] = (
    (
        _form(
            rf"create\s+model\s+(?P<model>{_NAME})\s+from\s+(?P<rows>\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)|{_NAME})"
            rf"(?:\s+target\s+(?P<target>{_NAME}))?\s+function\s+(?P<function>{_NAME}).*"
        ),
        _redshift,
    ),
    (
        _form(
            rf"create\s+(?:or\s+replace\s+)?snowflake\.ml\.(?P<what>\w+)\s+(?:if\s+not\s+exists\s+)?(?P<model>{_NAME})\s*"
            r"\((?P<given>.*)\)"
        ),
        _snowflake,
    ),
    (_form(r"(?>select\s.*?\bpgml\.train\s*\()(.*)\)"), _postgresml),
    (_form(r"select\s+(?:\*\s+from\s+)?madlib\.(\w+?)_train\s*\((.*)\)"), _madlib),
)
