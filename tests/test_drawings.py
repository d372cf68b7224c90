"""Drawings: what is selected, what is written, and what hostile names cannot do."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mllint.drawings import dot, mermaid, svg
from mllint.drawings import json as as_json
from mllint.drawings.view import View, view
from mllint.errors import UsageError
from mllint.lineage.graph import Edge, Graph
from tests.samples import COVERAGE, graph
from tests.snapshots import matches_snapshot
from tests.test_reports import SPAN, TEXT


@pytest.fixture
def graphviz() -> str:
    program = shutil.which("dot")
    if program is None:
        assert os.environ.get("CI") != "true", "CI must test the pictures: install Graphviz"
        pytest.skip("Graphviz' dot is not installed")
    return program


def ids(shown: View) -> set[str]:
    return {node.id for node in shown.nodes}


# -------------------------------------------------------------------------------------------------- selection


def test_columns_are_left_out_and_what_only_they_joined_is_kept() -> None:
    shown = view(graph(), COVERAGE, level="dataset")
    assert not any(id.startswith("column:") for id in ids(shown))
    pairs = [(edge.source, edge.target) for edge in shown.edges]
    assert ("table:raw.zones", "file:data/trips.csv") in pairs  # told by columns alone
    assert pairs.count(("table:raw.trips", "file:data/trips.csv")) == 1  # told by both
    assert pairs == sorted(pairs)


def test_focus_goes_up_down_or_both_ways() -> None:
    both = ids(view(graph(), COVERAGE, focus="model:eta"))
    up = ids(view(graph(), COVERAGE, focus="model:eta", upstream=True))
    down = ids(view(graph(), COVERAGE, focus="model:eta", downstream=True))
    assert down == {"model:eta", "endpoint:POST /eta", "consumer:dispatch"}
    assert "column:table:raw.trips#m" in up
    assert "consumer:dispatch" not in up
    assert both == up | down == ids(view(graph(), COVERAGE, focus="model:eta", upstream=True, downstream=True))
    assert "file:notes.csv" not in both


def test_focus_on_a_dataset_takes_its_columns_along() -> None:
    assert "column:table:raw.zones#id" in ids(view(graph(), COVERAGE, focus="table:raw.zones"))


@pytest.mark.parametrize(
    ("word", "hint"),
    [("eta", "'model:eta'"), ("data/trips.csv", "'file:data/trips.csv'"), ("trips.csv", "'file:data/trips.csv'"),
     ("model:etta", "'model:eta'"), ("zzz", "--format json")],
)  # fmt: skip
def test_an_unknown_node_gets_the_nearest_name(word: str, hint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(hint)):
        view(graph(), COVERAGE, focus=word)


# ----------------------------------------------------------------------------------------------------- output


@pytest.mark.parametrize("level", ["dataset", "column"])
@pytest.mark.parametrize("name", ["json", "dot", "mermaid"])
def test_whole_output(name: str, level: str) -> None:
    shown = view(graph(), COVERAGE, level="column" if level == "column" else "dataset")
    render = {"json": as_json.render, "dot": dot.render, "mermaid": mermaid.render}[name]
    assert matches_snapshot(f"graph-{level}.{name}", render(shown))


def test_json_keeps_its_schema() -> None:
    document = json.loads(as_json.render(view(graph(), COVERAGE)))
    assert list(document) == ["schema", "nodes", "edges", "coverage"]
    assert document["schema"] == "mllint-graph/1"
    kinds = ["source", "dataset", "column", "feature", "model", "artifact", "endpoint", "consumer"]
    for node in document["nodes"]:
        assert list(node) == ["id", "kind", "name", "spans", "attributes"]
        assert node["kind"] in kinds
        for span in node["spans"]:
            jsonschema.validate(span, SPAN)
    for edge in document["edges"]:
        assert list(edge) == ["source", "target", "kind", "strength", "job", "language", "span", "expression"]
        jsonschema.validate(edge["span"], SPAN)
    assert document["coverage"]["files"] == {"found": 40, "read": 38}


def test_svg_is_a_picture_without_links(graphviz: str) -> None:
    text = svg.render(view(graph(), COVERAGE))
    root = ElementTree.fromstring(text)
    titles = {title.text for title in root.iter("{http://www.w3.org/2000/svg}title")}
    assert any(title and title.startswith("model:eta\nmodel") for title in titles)
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_without_graphviz_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "dot").write_text("#!/bin/sh\ntouch ran\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}")  # relative entries would find the stranger's program
    with pytest.raises(UsageError, match="install it"):
        svg.render(view(graph(), COVERAGE))
    assert not (tmp_path / "ran").exists()


# ----------------------------------------------------------------------------------------------- hostile names

EVIL = st.sampled_from(['"]; evil [label="', "\\", "a\\", "&lt;", "<b>", "\\N", "`x`", "end"])
NAMES = st.lists(TEXT.filter(bool) | EVIL, min_size=2, max_size=4, unique=True)


def hostile(names: list[str]) -> View:
    result = Graph()
    for name in names:
        result.add_node(f"file:{name}", "dataset", owner=name)
    for source, target in itertools.pairwise(names):
        result.add_edge(Edge(f"file:{source}", f"file:{target}", "predicts", expression=target, job=source))
    return view(result, COVERAGE)


def few(function: Callable[..., None]) -> Callable[..., None]:
    return settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])(
        function
    )


@few
@given(names=NAMES)
def test_dot_reads_back_what_was_meant(graphviz: str, names: list[str]) -> None:
    text = dot.render(hostile(names))
    done = subprocess.run([graphviz, "-Tjson"], input=text.encode(), capture_output=True, check=True)
    drawn = json.loads(done.stdout)
    assert len(drawn["objects"]) <= len(names)  # no node that we did not write; equal once masked may be one
    assert len(drawn["edges"]) == len(names) - 1
    assert {key for node in drawn["objects"] for key in node} <= {
        "_gvid", "name", "color", "fillcolor", "fontname", "fontsize", "height", "label", "margin", "penwidth", "pos",
        "rects", "shape", "style", "tooltip", "width", "_draw_", "_ldraw_",
    }  # fmt: skip


@few
@given(names=NAMES)
def test_svg_holds_no_element_attribute_or_address_of_a_name(graphviz: str, names: list[str]) -> None:
    root = ElementTree.fromstring(svg.render(hostile(names)))
    kept = {"svg", "g", "title", "polygon", "polyline", "path", "ellipse", "text"}
    for element in root.iter():
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in kept
        assert not any(key.startswith("on") or "href" in key or key == "style" for key in element.attrib)


@given(NAMES)
def test_mermaid_has_our_lines_and_no_others(names: list[str]) -> None:
    lines = mermaid.render(hostile(names)).split("\n")
    label = r'"(?:[A-Za-z0-9 _./*=+·…-]|#\d+;)*(?:<br/>(?:[A-Za-z0-9 _./*=+·…-]|#\d+;)*)?"'
    shapes = [
        r"flowchart LR", rf"  n\d+\[\({label}\)\]:::dataset", r'  n\d+ -->\|"predicts"\| n\d+',
        r"  classDef dataset fill:#\w+,stroke:#\w+,color:#222", "",
    ]  # fmt: skip
    for line in lines:
        assert any(re.fullmatch(shape, line) for shape in shapes), line
    assert sum("-->" in line for line in lines) == len(names) - 1


@given(NAMES)
def test_json_reads_back_every_name(names: list[str]) -> None:
    text = as_json.render(hostile(names))
    assert text.isascii()
    assert len(json.loads(text)["nodes"]) == len(names)
