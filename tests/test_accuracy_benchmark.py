"""The scorer of benchmarks/accuracy, on graphs and truths small enough to count by hand."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
import yaml

from benchmarks.accuracy import matching
from benchmarks.accuracy.__main__ import TRUTHS
from benchmarks.accuracy.matching import Graph, match_nodes
from benchmarks.accuracy.scoring import Score, score


def span(path: str, line: int, cell: int | None = None) -> dict[str, Any]:
    return {"path": path, "line": line, "cell": cell}


def graph(*edges: tuple[str, str], nodes: tuple[dict[str, Any], ...] = ()) -> Graph:
    """A graph of these edges; the kinds of nodes follow from their ids, unless `nodes` gives them."""
    known = {node["id"]: node for node in nodes}
    for id in dict.fromkeys(end for edge in edges for end in edge):
        kind = id.partition(":")[0].replace("file", "dataset")
        known.setdefault(id, {"id": id, "kind": kind, "name": id.partition(":")[2], "spans": []})
    return Graph(
        {"nodes": list(known.values()), "edges": [{"source": a, "target": b, "kind": "derives"} for a, b in edges]}
    )


def truth(*edges: tuple[str, str], nodes: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    names = dict.fromkeys(end for edge in edges for end in edge)
    given = {node["name"]: node for node in nodes}
    return {
        "nodes": [given.get(name, {"kind": name.partition(":")[0], "name": name}) for name in names],
        "edges": [{"from": a, "to": b, "via": "train.py:1"} for a, b in edges],
        **more,
    }


def figures(found: Score) -> tuple[str, str, str]:
    return str(found.nodes), str(found.edges), str(found.joined)


def test_the_doctests_of_matching() -> None:
    assert doctest.testmod(matching).failed == 0


def test_a_graph_that_is_the_truth_scores_one() -> None:
    edges = (("file:a.csv", "model:eta"), ("model:eta", "file:eta.pkl"))
    assert figures(score(truth(*edges), graph(*edges))) == ("1.00", "1.00", "1.00")


def test_steps_that_the_truth_leaves_out_may_lie_between() -> None:
    found = score(
        truth(("file:a.csv", "model:eta")), graph(("file:a.csv", "file:tmp.csv"), ("file:tmp.csv", "model:eta"))
    )
    assert figures(found) == ("1.00", "1.00", "1.00")


def test_what_is_missing_and_what_is_wrong_both_cost() -> None:
    true = (("file:a.csv", "model:eta"), ("file:b.csv", "model:zeta"))
    found = score(truth(*true), graph(("file:a.csv", "model:eta"), ("file:a.csv", "model:zeta"), nodes=()))
    assert figures(found) == ("0.75", "0.50", "0.50")
    assert found.nodes.misses == ["file:b.csv"]
    assert found.joined.misses == ["file:a.csv -> model:zeta"]


def test_an_optional_edge_is_allowed_and_not_required() -> None:
    wanted = truth(("file:a.csv", "model:eta"))
    wanted["edges"][0]["optional"] = True
    assert figures(score(wanted, graph(("file:a.csv", "model:eta")))) == ("1.00", "-", "1.00")
    assert figures(score(wanted, graph(("file:b.csv", "model:eta")))) == ("0.50", "-", "-")


def test_a_model_is_found_by_its_class_and_by_the_place_that_fits_it() -> None:
    node = {"id": "model:eta.pkl", "kind": "model", "name": "eta.pkl", "spans": [span("train.py", 1)]}
    named = {**node, "spans": [], "attributes": {"class": "sklearn.linear_model.Ridge"}}
    wanted = truth(("file:a.csv", "model:Ridge"))
    for given in (node, named):
        assert match_nodes(wanted, graph(("file:a.csv", "model:eta.pkl"), nodes=(given,)))["model:Ridge"] == {
            "model:eta.pkl"
        }
    elsewhere = {**node, "spans": [span("train.py", 2)]}
    assert not match_nodes(wanted, graph(("file:a.csv", "model:eta.pkl"), nodes=(elsewhere,)))["model:Ridge"]


def test_cells_count_from_nought_in_truth_files_and_from_one_in_graphs() -> None:
    assert matching.place_of_text("nb.ipynb#4:2") == matching.place_of_span(span("nb.ipynb", 2, 5))
    assert matching.place_of_text("train.py:12") == matching.place_of_span(span("train.py", 12))


@pytest.mark.parametrize(
    ("source", "target", "hit"),
    [
        ("file:a.csv.KM", "model:eta#features", True),
        ("file:a.csv.fare", "model:eta#features", False),
        ("request.form.km", "endpoint:POST /eta#km", True),
        ("request.zone", "endpoint:POST /eta#zone", False),
        ("file:nowhere.csv.km", "model:eta#features", False),
    ],
)
def test_columns(source: str, target: str, hit: bool) -> None:
    has = graph(
        ("file:a.csv", "model:eta"),
        ("model:eta", "endpoint:POST /eta"),
        ("column:file:a.csv#km", "model:eta"),
        ("column:endpoint:POST /eta#km", "endpoint:POST /eta"),
    )
    wanted = truth(("file:a.csv", "model:eta"), ("model:eta", "endpoint:POST /eta"))
    wanted["column_edges"] = [{"from": source, "to": target, "via": "train.py:1"}]
    assert bool(score(wanted, has).columns.hits) == hit


def test_nodes_that_only_files_in_scope_speak_of_are_unexpected() -> None:
    nodes = tuple(
        {"id": f"file:{name}", "kind": "dataset", "name": name, "spans": [span(path, 1)]}
        for name, path in (("new.csv", "train.py"), ("other.csv", "docs.py"))
    )
    found = score(
        truth(("file:a.csv", "model:eta"), scope=["train.py"]), graph(("file:a.csv", "model:eta"), nodes=nodes)
    )
    assert found.unexpected == ["file:new.csv"]


@pytest.mark.parametrize("path", sorted(TRUTHS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_truth_file_names_only_nodes_that_it_lists(path: Any) -> None:
    wanted = yaml.safe_load(path.read_text("utf-8"))
    names = {node["name"] for node in wanted["nodes"]}
    assert {end for edge in wanted["edges"] for end in (edge["from"], edge["to"])} <= names
    assert len(wanted["commit"]) == 40
    assert wanted["scope"]
    everything = Graph({"nodes": [], "edges": []})
    matched: dict[str, set[str]] = {name: set() for name in names}
    for edge in wanted.get("column_edges") or ():
        assert all(matching.column_ids(edge[end], matched, everything) is not None for end in ("from", "to"))
