"""The models of libraries: each has an example that fails without it, and says nothing that does not exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from mllint import session
from mllint.errors import UsageError
from mllint.libraries import loading
from mllint.libraries.models import Entry, LibraryFile, Place
from mllint.lineage import evaluate
from mllint.linker.python.frames import frame_operations
from mllint.linker.python.library import computations
from mllint.linker.python.library.columns import parse_template
from mllint.linker.python.orchestration.extensions import COMPUTED
from tests.cases import read_page, run
from tests.conftest import ROOT
from tests.model_examples import Check, checks_of, complaints, lineage_of

# What orchestrators mean is tested by programs of their own; these files carry no examples yet.
WITHOUT_EXAMPLES = {
    "airflow.yaml", "click.yaml", "dagster.yaml", "dbt.yaml", "hydra.yaml", "kedro.yaml", "kfp.yaml", "luigi.yaml",
    "metaflow.yaml", "tasks.yaml",
}  # fmt: skip

FILES = {name: loading.load(loading.text_of_shipped(name), name) for name in loading.shipped_names()}
CHECKS = [(n, check) for n, file in FILES.items() if n not in WITHOUT_EXAMPLES for check in checks_of(file)]
ENTRIES = [(name, key, entry) for name, file in FILES.items() for key, entry in file.calls.items()]


@pytest.mark.parametrize(("name", "check"), [pytest.param(n, c, id=f"{n}:{c.name}") for n, c in CHECKS])
def test_example_yields_what_it_says_and_only_with_its_model(
    name: str, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not complaints(lineage_of(check.code, check.files), check.expect), check.code
    for key in check.covers:
        assert key in FILES[name].calls, f"{key} is no entry"
        calls = {k: entry for k, entry in FILES[name].calls.items() if k != key}
        with monkeypatch.context() as patch:
            patch.setitem(loading._shipped, name, msgspec.structs.replace(FILES[name], calls=calls))
            without = complaints(lineage_of(check.code, check.files), check.expect)
        assert without, f"the example says the same without {key}:\n{check.code}"


@pytest.mark.parametrize("name", sorted(set(FILES) - WITHOUT_EXAMPLES))
def test_every_entry_is_shown_by_an_example(name: str) -> None:
    covered = {key for file, check in CHECKS if file == name for key in check.covers}
    assert sorted(set(FILES[name].calls) - covered) == []


@pytest.mark.parametrize(("name", "key", "entry"), [pytest.param(*e, id=f"{e[0]}:{e[1]}") for e in ENTRIES])
def test_entry_names_only_what_there_is(name: str, key: str, entry: Entry) -> None:
    assert not entry.frame or entry.frame in frame_operations.TABLE
    assert not entry.computes or entry.computes in {*computations.TABLE, *COMPUTED}
    known = {*entry.parameters, *entry.keywords, *entry.keywords.values(), "self", "*", "job", "run-id"}
    unknown = {p for p in _parameters(entry) if p not in known and not p.startswith("self.") and not p.isdigit()}
    assert not unknown, f"not among the parameters of {name}:{key}"
    if entry.column and entry.column != "CALL":
        assert _operators(parse_template(entry.column)) <= _KNOWN


def _parameters(entry: Entry) -> Iterator[str]:
    places: list[Place | None] = [entry.reads, entry.writes, entry.loads, entry.saves, entry.opens, entry.requests]
    if entry.copies is not None:
        places += [entry.copies.source, entry.copies.target]
    texts = [entry.predicts, entry.transforms, entry.model]
    texts += [entry.returns[1:]] if entry.returns.startswith("$") else []
    texts += re.findall(r"\{([^{}]*)\}", entry.returns) if entry.returns.startswith("=") else []
    for place in places:
        if place is not None:
            texts += [place.file, place.table, place.query, place.url, place.topic, place.collection, place.model]
            texts += [
                place.schema,
                place.value,
                "" if place.mode.startswith("=") else place.mode,
                *re.findall(r"\{([^{}]+)\}", place.node),
            ]
    if entry.fits is not None:
        texts += [entry.fits.x, entry.fits.y]
    if entry.routes is not None:
        texts += [entry.routes.path, entry.routes.methods, entry.routes.handler]
    if entry.columns is not None:
        texts += [entry.columns.names, entry.columns.only]
    if entry.column and entry.column != "CALL":
        texts += [n.id for n in ast.walk(parse_template(entry.column)) if isinstance(n, ast.Name)]
    functions = {"IF", "given", "plain", "all"} | _KNOWN
    yield from (part for text in texts for part in text.split("|") if part and part not in functions)


_AGGREGATES = {"SUM", "MEAN", "MIN", "MAX", "COUNT", "STD", "MEDIAN", "QUANTILE", "FIRST", "LAST"}
_KNOWN = {
    *evaluate._FUNCTIONS, *evaluate._SPECIAL, *_AGGREGATES, *(f"ROLLING_{name}" for name in _AGGREGATES),
    "COALESCE", "CASE", "MAP", "LAG", "CALL", "FITTED", "ITEM", "ROLLING", "GROUPED",
}  # fmt: skip


def _operators(tree: ast.expr) -> set[str]:
    """Operators of a template, without the functions of its tests."""
    names = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    return names - {"IF", "given", "plain"}


@pytest.mark.parametrize("name", FILES)
def test_types_are_like_types_that_there_are(name: str) -> None:
    known = {f"{file.library}.{kind}" for file in FILES.values() for kind in file.types}
    file: LibraryFile = FILES[name]
    for kind in file.types.values():
        assert not kind.like or kind.like in known
        assert kind.holds in ("frame", "column", "estimator", "transformer", "object")
    types = {entry.returns for entry in file.calls.values() if "." in entry.returns and entry.returns[0] not in "$="}
    assert types <= known


# ------------------------------------------------------------------------------------------- a repository's own models

PAGE = ROOT / "docs" / "library-models.md"
(WORKED,) = read_page(PAGE.read_text("utf-8"))


def test_the_worked_example_of_the_docs_works(tmp_path: Path) -> None:
    assert not run(WORKED, tmp_path)


def test_without_its_model_the_worked_example_does_not_work(tmp_path: Path) -> None:
    files = {path: text for path, text in WORKED.files.items() if path == "train.py"}
    assert run(msgspec.structs.replace(WORKED, files=files), tmp_path)


def test_the_model_of_the_worked_example_passes_its_own_examples() -> None:
    file = loading.load(WORKED.files["mllint-models/acme.yaml"], "acme.yaml")
    shown = set()
    for check in checks_of(file):
        shown |= set(check.covers)
        assert not complaints(lineage_of(check.code, check.files, [file]), check.expect), check.code
        for key in check.covers:
            without = msgspec.structs.replace(file, calls={k: e for k, e in file.calls.items() if k != key})
            assert complaints(lineage_of(check.code, check.files, [without]), check.expect), key
    assert shown == set(file.calls)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("library: acme\ncalls:\n  f: {reads: {fil: path}}\n", r"mllint-models/acme\.yaml:3: `f`: .*`fil`"),
        ("library: acme\ncals: {}\n", r"mllint-models/acme\.yaml:2: `cals`"),
        ("calls: {}\n", r"mllint-models/acme\.yaml:1: .*`library`"),
        ("library: acme\ncalls:\n  f: {frame: mrge}\n", r"acme\.yaml: `f`: `frame` .*did you mean `merge`"),
        ("library: acme\ncalls:\n  f: {column: 'LN(self'}\n", r"acme\.yaml: `f`: `column`"),
        ("library: acme\ncalls:\n  f: {column: 'LN(self.x)'}\n", r"acme\.yaml: `f`: `column`"),
        (
            "library: acme\ncalls:\n  f: {returns: Sotre}\ntypes:\n  Store: {}\n",
            r"acme\.yaml: `f`: .*did you mean `Store`",
        ),
        ("library: acme\ntypes:\n  Store: {like: pandas.DataFrame}\n", r"acme\.yaml: `Store`: .*`needs`"),
        ("library: [\n", r"mllint-models/acme\.yaml:\d"),
        ("library: acme\n---\ncals: {}\n", r"mllint-models/acme\.yaml:3: `cals`"),
        ("# nothing\n", r"mllint-models/acme\.yaml"),
    ],
)
def test_a_wrong_model_is_told_with_file_and_entry(text: str, message: str, tmp_path: Path) -> None:
    _write(tmp_path, {**WORKED.files, "mllint-models/acme.yaml": text})
    with pytest.raises(UsageError, match=message):
        session.graph(tmp_path, jobs=1, use_cache=False)


@pytest.mark.parametrize("pattern", ["nothing/*.yaml", "/etc/*.yaml", "../*.yaml"])
def test_a_pattern_that_finds_nothing_in_the_repository_is_told(pattern: str, tmp_path: Path) -> None:
    settings = f'[tool.mllint]\nlibrary-models = ["{pattern}"]\n'
    _write(tmp_path, {**WORKED.files, "pyproject.toml": settings})
    with pytest.raises(UsageError, match=r"pyproject\.toml:2: "):
        session.graph(tmp_path, jobs=1, use_cache=False)


def test_a_model_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    _write(tmp_path, {path: text for path, text in WORKED.files.items() if not path.endswith(".yaml")})
    outside = tmp_path.parent / "outside.yaml"
    outside.write_text(WORKED.files["mllint-models/acme.yaml"])
    (tmp_path / "mllint-models").mkdir()
    (tmp_path / "mllint-models" / "acme.yaml").symlink_to(outside)
    with pytest.raises(UsageError, match="cannot be read"):
        session.graph(tmp_path, jobs=1, use_cache=False)


def _write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
