"""Why a read or write is unresolved: the first cause, in words for people, at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint.lineage.lineage import Coverage, Gap
from mllint.source import Span
from tests.linking import linked

PRELUDE = "import os, sys\nimport pandas as pd\n"
NEVER = "nothing in the repository calls `f`, which takes it as `p`"


@pytest.mark.parametrize(
    ("code", "why", "line"),
    [
        ('pd.read_csv(os.environ["D"] + "/" + "x")', "the environment variable `D` has no value in the repository", 3),
        ("def f(p):\n    q = p+''\n    pd.read_csv(q)", NEVER, 3),
        ("pd.read_csv(sys.argv[1])", "no command in the repository gives this argument", None),
        ("x = ask()\ny = x.strip()[0]\npd.read_csv(y)", "the name `ask` is bound nowhere", 3),
        ("import acme\nx = acme.where()\npd.read_csv(x.path)", "what `acme.where` returns is not modelled", 4),
        ("import acme\nfor f in acme.files(): pd.read_csv(f)", "what `acme.files` returns is not modelled", 4),
        ("import acme\nx = [acme.a()][0]\npd.read_csv(f'{x}')", "what `acme.a` returns is not modelled", 4),
        ("pd.read_csv(None)", "the name is `None`", None),
        ("import datetime\npd.read_csv(str(datetime.datetime.now()))", "only the run knows its time", 4),
        ("def f(n):\n    return f(n - 1)\npd.read_csv(f(3))", "`f` calls itself", 4),
    ],
)  # fmt: skip
def test_the_first_cause_is_told(tmp_path: Path, code: str, why: str, line: int | None) -> None:
    lineage = linked(tmp_path, {"main.py": PRELUDE + code + "\n"})
    [gap] = lineage.coverage.gaps
    assert gap.why == why
    assert (gap.lost and gap.lost.line) == line
    assert gap.is_read
    assert gap.span.line >= 3


def test_a_resolved_name_leaves_no_gap_and_one_known_in_part_tells_what_is_known(tmp_path: Path) -> None:
    code = 'pd.read_csv("a.csv").to_csv(f"out/{os.environ[\'DAY\']}.csv")\n'
    [gap] = linked(tmp_path, {"main.py": PRELUDE + code}).coverage.gaps
    assert (gap.is_read, gap.node, gap.span.line) == (False, "file:out/{DAY}.csv", 3)


def test_what_only_the_run_knows_counts_as_resolved(tmp_path: Path) -> None:
    code = 'import time\npd.read_csv("a.csv").to_csv(f"out/{time.time()}.csv")\n'
    coverage = linked(tmp_path, {"main.py": PRELUDE + code}).coverage
    assert coverage.gaps == []
    assert (coverage.writes.resolved, coverage.writes.all) == (1, 1)


def test_a_place_that_one_caller_resolves_is_resolved(tmp_path: Path) -> None:
    code = 'def load(p):\n    return pd.read_csv(p)\nload("a.csv")\nload(os.environ["P"])\n'
    coverage = linked(tmp_path, {"main.py": PRELUDE + code}).coverage
    assert coverage.gaps == []
    assert coverage.reads.resolved == coverage.reads.all == 1


def test_reasons_are_counted_by_place_without_the_names_in_them() -> None:
    places = [Span("a.py", line, 1) for line in (1, 2, 3)]
    gaps = [
        Gap(places[0], True, "the flag `a` is given by people", "a.py"),
        Gap(places[0], True, "the flag `b` is given by people", "b.py"),
        Gap(places[1], True, "the flag `a` is given by people", "a.py"),
        Gap(places[2], False, "what `f` returns is not modelled", "a.py"),
    ]
    expected = [("the flag `…` is given by people", 2), ("what `…` returns is not modelled", 1)]
    assert Coverage(gaps=gaps).reasons() == expected
