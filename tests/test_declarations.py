"""Declarations: what people write in mllint.yaml and CODEOWNERS, and what is said of a wrong one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from mllint.declarations import read_codeowners, read_declarations
from mllint.errors import UsageError
from mllint.facts.config import Document, Entry, Value
from mllint.lineage.declarations import Declarations, Deprecation, Window


def tree(node: Any) -> Value:
    """A test's own short way from YAML text to the tree that the reader makes."""
    place = (node.start_mark.line + 1, node.start_mark.column + 1, node.end_mark.line + 1, node.end_mark.column + 1)
    match node:
        case yaml.MappingNode():
            entries = [
                Entry(
                    key.value, key.start_mark.line + 1, key.start_mark.column + 1, key.end_mark.column + 1, tree(value)
                )
                for key, value in node.value
            ]
            return Value("mapping", *place, entries=tuple(entries))
        case yaml.SequenceNode():
            return Value("sequence", *place, items=tuple(map(tree, node.value)))
    value = node.value if node.tag.endswith((":timestamp", ":str")) else yaml.safe_load(node.value)
    return Value("scalar", *place, value=value)


def declared(text: str) -> Declarations:
    return read_declarations(Document("yaml", tuple(map(tree, yaml.compose_all(text)))))


def test_everything_of_the_design() -> None:
    found = declared("""
sources:    # dataset id, glob allowed
  table:raw.trips: {owner: mobility-data, tags: [pii], available: {from: 2023-10-07},
                    invalid: [{from: 2023-09-13, to: 2023-09-17, reason: logged twice}]}
  table:ads.clicks: {exploration: is_random_slot}
features:
  trip_km: {deprecated: {since: 2024-01-01, sunset: 2024-06-01, replacement: trip_distance_km}, serving: false}
models:
  eta: {owner: pricing, forbids: [pii], allows: [privacy.bucketise]}
consumers:
  dispatch: {reads: ["model:eta"], writes: ["table:ops.dispatches"], owner: dispatch}
""")
    trips, clicks = found.of_kind("source")
    assert (trips.name, trips.owner, trips.tags) == ("table:raw.trips", "mobility-data", ("pii",))
    assert trips.available == Window(start="2023-10-07")
    assert trips.invalid == (Window("2023-09-13", "2023-09-17", "logged twice"),)
    assert (trips.span.path, trips.span.line, trips.span.column) == ("mllint.yaml", 3, 3)
    assert clicks.exploration == "is_random_slot"
    (km,) = found.of_kind("feature")
    assert km.deprecated == Deprecation("2024-01-01", "2024-06-01", "trip_distance_km")
    assert not km.serving
    (eta,) = found.of_kind("model")
    assert (eta.owner, eta.forbids, eta.allows) == ("pricing", ("pii",), ("privacy.bucketise",))
    (dispatch,) = found.of_kind("consumer")
    assert (dispatch.reads, dispatch.writes) == (("model:eta",), ("table:ops.dispatches",))


def test_little_is_enough() -> None:
    assert declared("").entries == []
    assert declared("sources:\n").entries == []
    assert [e.name for e in declared("sources:\n  s3://bucket/*.csv:\n  '*':\n").entries] == ["s3://bucket/*.csv", "*"]
    assert declared("features: {a: {deprecated: true}, b: {deprecated: false}}").entries[0].deprecated == Deprecation()
    assert read_declarations(None).entries == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source: {}", "mllint.yaml:1:1: unknown section `source`; did you mean `sources`?"),
        ("sources:\n  table:a: {ownr: x}", "mllint.yaml:2:13: unknown key `ownr` of a source; did you mean `owner`?"),
        ("models:\n  eta: {serving: true}", "mllint.yaml:2:9: unknown key `serving` of a model"),
        ("sources:\n  tabel:a: {}", "mllint.yaml:2:3: `tabel:a` begins with no known kind of node; did you"),
        ("sources:\n  raw.trips: {}", "mllint.yaml:2:3: `raw.trips` is no node id: write `table:raw.trips`"),
        ("consumers:\n  c: {reads: [modl:eta]}", "mllint.yaml:2:7: `modl:eta` begins with no known kind of node"),
        ("sources: [a]", "mllint.yaml:1:10: `sources` must be a mapping"),
        ("- a", "mllint.yaml:1:1: the file must be a mapping"),
        ("just text", "mllint.yaml:1:1: the file must be a mapping"),
        ("models:\n  eta: pricing", "mllint.yaml:2:8: `eta` must be a mapping"),
        ("models: {eta: {owner: [a]}}", "mllint.yaml:1:16: `owner` must be a text"),
        ("models: {eta: {owner: 3}}", "mllint.yaml:1:16: `owner` must be a text"),
        ("models: {eta: {tags: pii}}", "mllint.yaml:1:16: `tags` must be a list of texts"),
        ("models: {eta: {tags: [1]}}", "mllint.yaml:1:16: `tags` must be a list of texts"),
        ("features: {a: {serving: 'no'}}", "mllint.yaml:1:16: `serving` must be true or false"),
        ("features: {a: {deprecated: 2024-01-01}}", "mllint.yaml:1:28: `deprecated` must be a mapping"),
        ("features: {a: {deprecated: {until: 2024-01-01}}}", "mllint.yaml:1:29: unknown key `until` of `deprecated`"),
        ("features: {a: {deprecated: {since: 2024-02-30}}}",
         "mllint.yaml:1:29: `since` must be a date such as 2024-01-31, not `2024-02-30`"),
        ("features: {a: {deprecated: {since: '24-1-1'}}}", "mllint.yaml:1:29: `since` must be a date"),
        ("features: {a: {available: {frm: 2024-01-01}}}", "mllint.yaml:1:28: unknown key `frm` of `available`"),
        ("features: {a: {available: {from: 2024-02-01, to: 2024-01-01}}}", "mllint.yaml:1:27: `available` ends"),
        ("features: {a: {invalid: {from: 2024-02-01}}}", "mllint.yaml:1:16: `invalid` must be a list of windows"),
        ("sources: {}\n---\nmodels: {}", "mllint.yaml:3:1: there is more than one YAML document"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_names_file_line_and_the_right_word(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        declared(text)
    assert str(caught.value).startswith(message)


def test_codeowners() -> None:
    owners = read_codeowners(
        "# comment\n*  @org/all\n*.sql @data # why\n/docs/ @writers @editors\nsrc/* @src\nsrc/free/\n"
        "[Section][2] @nobody\n^[Optional]\nwith\\ space.py @space\n"
    )
    declarations = Declarations([], owners)
    for path, owner in {
        "a.py": "@org/all",
        "x/y.sql": "@data",
        "docs/a/b.md": "@writers @editors",
        "x/docs/a": "@org/all",
        "src/a.py": "@src",
        "src/deep/a.py": "@org/all",  # `src/*` owns what lies in src alone
        "src/free/a.py": "",
        "with space.py": "@space",
    }.items():
        assert declarations.owner_of(path) == owner, path
    assert Declarations([], []).owner_of("a.py") == ""
