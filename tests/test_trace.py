"""`mllint trace` and `mllint impact`: trails, where they were lost, and what is printed of both."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest

from mllint.cli.root import run
from mllint.errors import UsageError
from mllint.escaping import width
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Edge, Graph, NodeKind
from mllint.lineage.impact import made_in, of_edges, of_node
from mllint.lineage.lineage import Coverage, Lineage
from mllint.lineage.names import find
from mllint.lineage.observations import Observations
from mllint.lineage.tracing import MOST_TRAILS, trails
from mllint.lineage.whynot import why_not
from tests.linking import linked

KINDS: dict[str, NodeKind] = {"file": "dataset", "model": "model", "column": "column", "consumer": "consumer"}

LONG = f"data/{'very-' * 20}long.csv"
TRAIN = """
    import joblib
    import pandas as pd
    from sklearn.linear_model import Ridge

    trips = pd.read_csv("data/trips.csv")
    trips["km"] = trips["m"] / 1000
    trips.to_csv("data/clean.csv")
    clean = pd.read_csv("data/clean.csv")
    model = Ridge().fit(clean[["km"]], clean["minutes"])
    joblib.dump(model, "models/eta.joblib")
"""


def graph_of(edges: Iterable[tuple[str, str]]) -> Graph:
    graph = Graph()
    for source, target in edges:
        for id in (source, target):
            graph.add_node(id, KINDS[id.partition(":")[0]])
        graph.add_edge(Edge(source, target, "derives"))
    return graph


def shown(graph: Graph, start: str, end: str, every: bool = False) -> list[str]:
    """Trails as the last letters of their ids: `a>b>c`."""
    return [
        ">".join([steps[0].edge.source[-1], *(step.edge.target[-1] for step in steps)])
        for steps in trails(graph, start, end, every).found
    ]


def files(*pairs: str) -> Graph:
    return graph_of((f"file:{pair[0]}", f"file:{pair[1]}") for pair in pairs)


# ------------------------------------------------------------------------------------------------ trails


@pytest.mark.parametrize(
    ("pairs", "shortest", "every"),
    [
        ("ab bz", ["a>b>z"], ["a>b>z"]),
        ("ab bz ac cz", ["a>b>z", "a>c>z"], ["a>b>z", "a>c>z"]),
        ("ab bz az", ["a>z"], ["a>z", "a>b>z"]),
        ("ab ba bz", ["a>b>z"], ["a>b>z"]),
        ("az za", ["a>z"], ["a>z"]),
        ("za", [], []),
        ("ab bc cd db cz", ["a>b>c>z"], ["a>b>c>z"]),
    ],
)
def test_shortest_trails_and_all(pairs: str, shortest: list[str], every: list[str]) -> None:
    graph = files(*pairs.split())
    assert shown(graph, "file:a", "file:z") == shortest
    assert shown(graph, "file:a", "file:z", every=True) == every


def test_a_trail_back_to_itself() -> None:
    assert shown(files("ab", "ba"), "file:a", "file:a") == ["a>b>a"]


def test_a_graph_with_exponentially_many_trails_is_cut_and_says_so() -> None:
    layers = [[f"file:{layer}.{n}" for n in range(4)] for layer in range(12)]
    graph = graph_of((a, b) for one, next_ in pairwise(layers) for a in one for b in next_)
    for every in (False, True):
        found = trails(graph, layers[0][0], layers[-1][0], every)
        assert len(found.found) == MOST_TRAILS
        assert not found.complete


def test_columns_go_along_with_the_steps_between_their_datasets() -> None:
    graph = graph_of(
        [("file:a", "file:b"), ("column:file:a#m", "column:file:b#km"), ("column:file:a#m", "column:file:a#x")]
    )
    [[step]] = trails(graph, "file:a", "file:b").found
    assert [(edge.source, edge.target) for edge in step.columns] == [("column:file:a#m", "column:file:b#km")]


def test_where_only_columns_join_datasets_the_trail_leads_over_them() -> None:
    graph = graph_of([("column:file:a#m", "column:file:b#n"), ("column:file:b#n", "model:z"), ("file:a", "file:c")])
    assert shown(graph, "file:a", "model:z") == ["m>n>z"]
    assert shown(graph, "column:file:a#m", "file:b") == ["m>n"]
    assert shown(graph, "column:file:b#n", "column:file:a#m") == []


def test_the_surest_edge_of_a_step_comes_first() -> None:
    graph = files("az")
    graph.add_edge(Edge("file:a", "file:z", "declares", "declared"))
    graph.add_edge(Edge("file:a", "file:z", "writes", resolved=False))
    [[step]] = trails(graph, "file:a", "file:z").found
    assert [step.edge.kind, *(edge.kind for edge in step.others)] == ["derives", "writes", "declares"]


# ------------------------------------------------------------------------------------------------- names


def test_names_that_mean_one_node() -> None:
    graph = graph_of([("file:data/trips.csv", "model:eta"), ("column:file:data/trips.csv#km", "model:eta")])
    assert find(graph, "eta") == "model:eta"
    assert find(graph, "trips.csv") == "file:data/trips.csv"
    assert find(graph, "km") == "column:file:data/trips.csv#km"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("trip.csv", "did you mean 'file:data/trips.csv'"),
        ("model:eat", "did you mean 'model:eta'"),
        ("b.csv", "did you mean 'file:x/b.csv' or 'file:y/b.csv'?"),
        ("qqqqqqq", "`mllint graph --format json` lists them"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest_right_ones(word: str, message: str) -> None:
    graph = graph_of(
        [("file:data/trips.csv", "model:eta"), ("file:x/b.csv", "model:eta"), ("file:y/b.csv", "model:eta")]
    )
    with pytest.raises(UsageError) as error:
        find(graph, word)
    assert message in str(error.value)


# ------------------------------------------------------------------------------------------------ why not


def test_a_write_to_an_unknown_name_is_where_the_trail_was_lost(tmp_path: Path) -> None:
    lineage = linked(
        tmp_path,
        {
            "prepare.py": """
                import os
                import pandas as pd

                def target():
                    return os.environ["CLEAN"]

                pd.read_csv("data/raw.csv").dropna().to_csv(target())
                """,
            "train.py": """
                import pandas as pd
                from sklearn.linear_model import Ridge

                rows = pd.read_csv("data/clean.csv")
                Ridge().fit(rows[["km"]], rows["minutes"])
                """,
        },
    )
    lost = why_not(lineage, "file:data/raw.csv", "model:Ridge")
    [gap] = lost.writes
    assert (gap.span.line, gap.data) == (7, ("file:data/raw.csv",))
    assert gap.why == "the environment variable `CLEAN` has no value in the repository"
    assert gap.lost is not None
    assert gap.lost.line == 5
    assert lost.sources == ("file:data/clean.csv",)
    assert not lost.reads
    assert not why_not(lineage, "file:data/clean.csv", "file:data/raw.csv").reads


def test_a_read_of_an_unknown_name_counts_where_it_runs_in_what_makes_the_other(tmp_path: Path) -> None:
    fit = """
        import pandas as pd
        from sklearn.linear_model import {kind}

        def train(path):
            labels = pd.read_csv("data/labels-{kind}.csv")
            rows = pd.read_csv(path).merge(labels)
            {kind}().fit(rows[["km"]], rows["minutes"])
        """
    lineage = linked(
        tmp_path,
        {
            "a.py": fit.format(kind="Ridge"),
            "b.py": fit.format(kind="Lasso"),
            "raw.py": 'import pandas as pd\npd.read_csv("data/raw.csv").to_csv("data/clean.csv")\n',
        },
    )
    [gap] = why_not(lineage, "file:data/raw.csv", "model:Ridge").reads
    assert (gap.span.path, gap.why) == ("a.py", "nothing in the repository calls `train`, which takes it as `path`")


@pytest.mark.parametrize(
    ("written", "read", "is_alike"),
    [
        ("models/eta.pkl", "/app/eta.pkl", True),
        ("models/proprocessor.pkl", "models/preprocessor.pkl", True),
        ("models/part-1.pkl", "models/part-2.pkl", False),
        ("models/eta.pkl", "models/churn.pkl", False),
    ],
)
def test_names_that_are_spelled_apart(tmp_path: Path, written: str, read: str, is_alike: bool) -> None:
    lineage = linked(
        tmp_path,
        {
            "train.py": f"""
                import joblib
                import pandas as pd
                from sklearn.linear_model import Ridge

                rows = pd.read_csv("data/rows.csv")
                joblib.dump(Ridge().fit(rows[["km"]], rows["minutes"]), "{written}")
                """,
            "score.py": f"""
                import joblib
                import pandas as pd

                rows = pd.read_csv("data/new.csv")
                rows["eta"] = joblib.load("{read}").predict(rows[["km"]])
                rows.to_csv("out/scores.csv")
                """,
        },
    )
    lost = why_not(lineage, "file:data/rows.csv", "file:out/scores.csv")
    assert [(pair.after, pair.before) for pair in lost.alike] == is_alike * [(f"file:{written}", f"file:{read}")]


def test_a_name_known_in_part_may_be_any_that_fits() -> None:
    graph = graph_of(
        [
            ("file:a.csv", "file:data/2024-01.csv"),
            ("file:data/{day}.csv", "model:eta"),
            ("file:{x}/{y}.csv", "model:eta"),
        ]
    )
    lineage = Lineage(graph, Observations(), Declarations(), Coverage())
    [pair] = why_not(lineage, "file:a.csv", "model:eta").alike
    assert (pair.after, pair.before) == ("file:data/2024-01.csv", "file:data/{day}.csv")


# ------------------------------------------------------------------------------------------------- output


def mllint(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = run([*words, "--no-cache", "--jobs", "1"])
    streams = capsys.readouterr()
    return status, streams.out, streams.err


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    linked(
        tmp_path,
        {
            "train.py": TRAIN,
            "long.py": f'import pandas as pd\npd.read_csv("{LONG}").to_csv("data/trips.csv")\n',
            "lost.py": 'import sys\nimport pandas as pd\npd.read_csv("data/clean.csv").to_csv(sys.argv[1])\n',
            "mllint.yaml": "models:\n  eta: {owner: pricing}\n",
        },
    )
    return tmp_path


def test_a_trail_shows_the_lines_that_make_it(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = mllint(["trace", "trips.csv", "eta.joblib"], capsys)
    assert status == 0
    assert '5 | trips = pd.read_csv("data/trips.csv")\n  |         ^' in out
    assert "`data/clean.csv` is written" in out
    assert "m -> km = m / 1000" in out.replace("\n      ", " ")
    assert "-> model:models/eta.joblib: `models/eta.joblib` is trained on `data/clean.csv`" in " ".join(out.split())


@pytest.mark.parametrize(
    "words",
    [
        ["trips.csv", "eta.joblib"],
        ["trips.csv", "eta.joblib", "--all"],
        ["-long.csv", "eta.joblib"],
        ["eta.joblib", "-long.csv", "--why-not"],
    ],
)
def test_output_fits_80_columns(repository: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    words = [LONG if word == "-long.csv" else word for word in words]
    for command in (["trace", *words], ["impact", words[0]]):
        _, out, _ = mllint(command, capsys)
        assert out
        assert max(map(width, out.splitlines())) <= 80


def test_no_trail_is_status_1_and_no_node_status_2(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = mllint(["trace", "eta.joblib", "trips.csv"], capsys)
    assert (status, out.splitlines()[0]) == (1, "No trail leads from model:models/eta.joblib to file:data/trips.csv.")
    assert "--why-not" in out
    status, out, err = mllint(["trace", "etta.joblib", "trips.csv"], capsys)
    assert (status, out) == (2, "")
    assert "did you mean 'file:models/eta.joblib'" in err


def test_why_not_tells_people_the_cause_and_the_other_direction(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = mllint(["trace", "clean.csv", "trips.csv", "--why-not"], capsys)
    assert status == 1
    assert "It leads the other way" in out
    assert "Data of file:data/clean.csv are written to a name that is not known." in out
    assert "since: no command in the repository gives this argument" in out


def test_json(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = mllint(["trace", "trips.csv", "eta.joblib", "--format", "json"], capsys)
    document = json.loads(out)
    [trail] = document["trails"]
    assert (document["schema"], document["complete"], document["lost"]) == ("mllint-trace/1", True, None)
    assert [step["target"] for step in trail][-1] == document["to"] == "model:models/eta.joblib"
    assert trail[0]["read"]["line"] == 5
    assert {"column:file:data/clean.csv#km"} <= {column["target"] for column in trail[0]["columns"]}
    _, out, _ = mllint(["trace", "clean.csv", "trips.csv", "--why-not", "--format", "json"], capsys)
    [write] = json.loads(out)["lost"]["writes"]
    assert (write["span"]["path"], write["data"]) == ("lost.py", ["file:data/clean.csv"])


# ------------------------------------------------------------------------------------------------- impact


def test_impact_of_a_node_and_of_the_file_that_makes_it(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = mllint(["impact", "trips.csv"], capsys)
    assert "1 feature, 1 model" in out.replace("\n", " ")
    assert "column:file:data/clean.csv#km" in out
    assert "Owners: pricing." in out
    _, out, _ = mllint(["impact", "train.py", "--format", "json"], capsys)
    reached = {(one["id"], one["kind"], one["steps"]) for one in json.loads(out)["reached"]}
    assert {("file:data/clean.csv", "dataset", 1), ("model:models/eta.joblib", "model", 1)} <= reached
    _, out, err = mllint(["impact", "trian.py"], capsys)
    assert not out
    assert "no node 'trian.py'" in err


def test_what_a_node_reaches_does_not_hold_itself(tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"train.py": TRAIN})
    assert "file:data/trips.csv" not in {one.id for one in of_node(lineage, "file:data/trips.csv")}
    assert of_node(lineage, "file:models/eta.joblib") == []
    assert {one.steps for one in of_edges(lineage, made_in(lineage.graph, "train.py"))} == {1}
