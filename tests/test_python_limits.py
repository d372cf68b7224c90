"""The interpreter meets any program: it never fails, always ends within its budgets, and says the same thing twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import linked

from mllint import readers, session
from mllint.facts.file import FileFacts
from mllint.libraries.loading import builtin
from mllint.libraries.models import Library
from mllint.lineage.declarations import Declarations
from mllint.lineage.lineage import Lineage
from mllint.linker.link import link
from mllint.linker.project import Project
from mllint.linker.python import evaluation
from mllint.linker.python.interpreter import interpret
from mllint.linker.python.machine import MOST_STEPS, Machine
from mllint.linker.python.replay import Replays
from mllint.linker.python.results.inventory import imported_modules
from mllint.linker.python.results.models import model_names
from mllint.linker.python.results.records import ModelFact, Record
from mllint.linker.sql.schema import Schema
from mllint.settings import Settings
from mllint.source import Span

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["df", "x", "y", "path", "model", "f", "g", "C", "pd", "np", "cfg", "items", "self"]

# ------------------------------------------------------------------------------------------- random programs

_name = st.sampled_from(NAMES)
_text = st.sampled_from(["a.csv", "b.csv", "x", "y", "data", "select x from t", "s3://b/k", "{x}", "", "%s.csv", "é"])
_atom = st.one_of(
    _name, _text.map(repr), st.integers(-3, 9).map(str), st.sampled_from(["None", "True", "1.5", "...", "()", "[]"])
)
_calls = st.sampled_from([
    "pd.read_csv({0})", "{0}.to_csv({1})", "pd.DataFrame({0})", "{0}.merge({1}, on='x')", "{0}.groupby('x').agg({1})",
    "Ridge().fit({0}, {1})", "{0}.predict({1})", "joblib.dump({0}, {1})", "joblib.load({0})", "open({0}).read()",
    "f({0})", "g({0}, {1})", "C({0})", "{0}.run({1})", "{0}({1})", "f(*{0}, **{1})", "g(x={0}, **{{'y': {1}}})",
    "getattr({0}, {1})", "setattr(x, 'y', {0})", "isinstance({0}, {1})", "map({0}, {1})", "filter({0}, {1})",
    "zip({0}, {1})", "sorted({0})", "dict({0})", "list({0})", "tuple({0})", "len({0})", "sum({0})", "next({0})",
    "enumerate({0}, {1})", "super().run({0})", "{0}.format({1})", "{0}.join({1})", "os.path.join({0}, {1})",
    "Path({0}) / {1}", "{0}.split({1})", "{0}.append({1})", "{0}.update({1})", "{0}.items()", "{0}.get({1})",
    "{0}.pop({1})", "{0}.apply({1})", "{0}.map({1})", "{0}.assign(x={1})", "{0}.drop(columns={1})", "pd.concat({0})",
    "{0}.rename(columns={1})", "train_test_split({0}, {1})", "yaml.safe_load({0})", "np.where({0}, {1}, 0)",
    "partial({0}, {1})", "{0}.fillna({1})", "{0}.insert({1}, {1})", "{0}.sort(key={1})", "defaultdict({0})",
    "replace({0}, x={1})", "namedtuple('N', {0})({1})", "pd.read_sql({0}, {1})", "int({0})", "max({0}, {1})",
])  # fmt: skip


_operator = st.sampled_from(
    ["+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "<<", ">>", "==", "<", "in", "is", "and", "or"]
)


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(_calls, inner, inner).map(lambda t: t[0].format(t[1], t[2])),
        st.tuples(inner, _operator, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        pair.map(lambda t: f"{t[0]}[{t[1]}]" if not t[0][0].isdigit() else f"({t[0]})[{t[1]}]"),
        pair.map(lambda t: f"({t[0]})[:, {t[1]}:]"),
        st.tuples(inner, st.sampled_from(["x", "columns", "loc", "values", "shape", "__dict__", "name", "str"])).map(
            lambda t: f"({t[0]}).{t[1]}"
        ),
        pair.map(lambda t: f"[{t[0]}, *{t[1]}]"),
        pair.map(lambda t: f"({t[0]}, {t[1]})"),
        pair.map(lambda t: f"{{{t[0]}: {t[1]}, **x}}"),
        pair.map(lambda t: f"[{t[0]} for x in {t[1]} if x]"),
        pair.map(lambda t: f"{{x: {t[0]} for x, y in {t[1]}}}"),
        pair.map(lambda t: f"({t[0]} if x else {t[1]})"),
        inner.map(lambda t: f"(lambda x, y={t}: {t})"),
        inner.map(lambda t: f"(w := {t})"),
        inner.map(lambda t: f"(not {t})"),
        _name.map(lambda t: f"f'{{{t}}}/{{{t}:>3}}.csv'"),
    )


_expression = st.recursive(_atom, _grow, max_leaves=6)
_target = st.sampled_from([*NAMES, "df['x']", "df[['x', 'y']]", "df.loc[x, 'y']", "x.y", "x, y", "x, *y", "items[0]"])
_simple = st.one_of(
    st.tuples(_target, _expression).map(lambda t: f"{t[0]} = {t[1]}"),
    _expression,
    st.tuples(_name, st.sampled_from(["+", "-", "*", "/", "|"]), _expression).map(lambda t: f"{t[0]} {t[1]}= {t[2]}"),
    _expression.map(lambda t: f"return {t}"),
    _expression.map(lambda t: f"yield {t}"),
    st.sampled_from(["break", "continue", "pass", "raise", "del x", "global x", "import os", "from m import *",
                     "from pkg import f as g", "import joblib, yaml; from pathlib import Path", "assert x"]),
)  # fmt: skip


def _indent(lines: list[str]) -> str:
    return "\n".join("    " + line for block in lines for line in block.split("\n"))


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(inner, min_size=1, max_size=3).map(_indent)
    e = _expression
    return st.one_of(
        st.tuples(e, body, body).map(lambda t: f"if {t[0]}:\n{t[1]}\nelse:\n{t[2]}"),
        st.tuples(_target, e, body, body).map(lambda t: f"for {t[0]} in {t[1]}:\n{t[2]}\nelse:\n{t[3]}"),
        st.tuples(e, body).map(lambda t: f"while {t[0]}:\n{t[1]}"),
        st.tuples(e, _name, body).map(lambda t: f"with {t[0]} as {t[1]}:\n{t[2]}"),
        st.tuples(body, body, body).map(lambda t: f"try:\n{t[0]}\nexcept Exception as x:\n{t[1]}\nfinally:\n{t[2]}"),
        st.tuples(_name, e, body).map(lambda t: f"def {t[0]}(x, y={t[1]}, *items, **cfg):\n{t[2]}"),
        st.tuples(e, body).map(lambda t: f"def f(self, df=None):\n    # {t[0]!a}\n{t[1]}"),
        st.tuples(_name, body).map(lambda t: f"@f\ndef {t[0]}(*x):\n{t[1]}"),
        st.tuples(st.sampled_from(["", "(C)", "(f, C)", "(Enum)", "(str, Enum)", "(NamedTuple)"]), body).map(
            lambda t: f"class C{t[0]}:\n    x: str = 'a.csv'\n{t[1]}"
        ),
        st.tuples(e, body).map(lambda t: f"@dataclass\nclass C:\n    y: str = {t[0]}\n{t[1]}"),
        st.tuples(e, e, body).map(lambda t: f"match {t[0]}:\n    case {{'x': y}} if {t[1]}:\n{_indent([t[2]])}"),
    )


_program = st.lists(st.recursive(_simple, _blocks, max_leaves=12), min_size=1, max_size=8).map("\n".join)
HEAD = """import os, numpy as np, pandas as pd, yaml, joblib
from pathlib import Path
from enum import Enum
from typing import NamedTuple
from collections import defaultdict, namedtuple
from dataclasses import dataclass, replace
from functools import partial
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
"""


def shown(lineage: Lineage) -> str:
    graph = lineage.graph
    return msgspec.json.encode([list(graph.nodes.values()), graph.edges()], order="sorted").decode()


def outcome(sources: dict[str, str]) -> str:
    """The graph of a repository, as text; fails where something in it could not be followed."""
    lineage = linked(sources)
    assert [p.message for p in lineage.problems if p.code == "ML006"] == []
    return shown(lineage)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(_program, _program)
def test_random_programs_are_followed_and_the_same_twice(one: str, two: str) -> None:
    files = {"m.py": HEAD + one, "job/main.py": HEAD + "from m import *\n" + two}
    assert outcome(files) == outcome(files)


# ------------------------------------------------------------------------------------------ changed real files

REAL = sorted((ROOT / "fixtures" / "repos").rglob("*.py")) + sorted((ROOT / "mllint").rglob("*.py"))


def _changed(text: str, seed: int) -> str:
    """A real file with lines left out, doubled, exchanged or moved by one level."""
    rng = random.Random(seed)
    lines = text.split("\n")
    for _ in range(rng.randint(1, 12)):
        a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.randrange(4):
            case 0:
                del lines[a : a + rng.randint(1, 3)]
                lines = lines or [""]
            case 1:
                lines.insert(a, lines[b])
            case 2:
                lines[a], lines[b] = lines[b], lines[a]
            case 3:
                lines[a] = lines[a].replace(rng.choice(["self", "df", "x", "(", '"']), rng.choice(["df", "None", "x"]))
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(40))
def test_changed_real_files_are_followed(seed: int) -> None:
    rng = random.Random(seed)
    files = {}
    for path in rng.sample(REAL, 6):
        for attempt in range(20):
            text = _changed(path.read_text("utf-8"), seed * 100 + attempt)
            try:
                compile(text, "x", "exec")
            except (SyntaxError, ValueError):
                continue
            files[path.relative_to(ROOT).as_posix()] = text
            break
    outcome(files)


def test_own_source_is_followed_in_any_order() -> None:
    files = [_facts(path) for path in sorted((ROOT / "mllint" / "drawings").rglob("*.py"))]
    lineage = link(files, Settings(), Declarations())
    assert lineage.problems == []
    assert shown(lineage) == shown(link(files[::-1], Settings(), Declarations()))


def _facts(path: Path) -> FileFacts:
    return readers.read(path.relative_to(ROOT).as_posix(), "python", path.read_bytes())


# ------------------------------------------------------------------------------------------------ determinism

_SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:]
from test_python_limits import outcome, shared
print(outcome(shared()))
"""


def shared() -> dict[str, str]:
    """Everything in the tables of programs, as one repository: the most various one at hand."""
    from programs import PRELUDE, read_table

    files = {}
    for table in ("functions", "classes", "collections", "flow"):
        for index, case in enumerate(read_table(table)):
            for path, text in case.files.items():
                files[f"{table}{index}/{path}"] = (PRELUDE if path.endswith(".py") else "") + text
    return files


def test_the_graph_does_not_depend_on_hashes() -> None:
    texts = set()
    for seed in ("0", "1", "77"):
        command = [sys.executable, "-c", _SCRIPT, str(ROOT), str(ROOT / "tests")]
        ran = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        assert len(json.loads(ran.stdout)[0]) > 100
        texts.add(ran.stdout)
    assert len(texts) == 1


# ---------------------------------------------------------------------------------------------------- budgets


def work(source: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Machine]:
    """Expressions evaluated to interpret a file, over all rounds and entry points."""
    counted = 0
    original = evaluation.evaluate

    def counting(m: Machine, expression: object) -> object:
        nonlocal counted
        counted += 1
        return original(m, expression)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluation, "evaluate", counting)
    monkeypatch.setattr("mllint.linker.python.statements.evaluate", counting)
    file = readers.read("main.py", "python", source.encode())
    assert file.python is not None, file.problems
    project = Project([file], Settings(), Declarations())
    with session._room_to_work():
        machine = interpret(
            project, Library(builtin(imported_modules(project))), Schema({}), Replays({}, frozenset()), {}
        )
    assert project.problems == []
    return counted, machine


def test_three_thousand_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    def source(n: int) -> str:
        lines = [f"x{i} = x{i - 1} + str({i})\ndf['c{i}'] = df['c{i - 1}'] + 1" for i in range(1, n)]
        return "import pandas as pd\nx0 = 'a'\ndf = pd.read_csv('a.csv')\n" + "\n".join(lines) + "\ndf.to_csv('b.csv')"

    half, _ = work(source(750), monkeypatch)
    whole, _ = work(source(1500), monkeypatch)
    assert whole < 2.2 * half < 40_000


@pytest.mark.parametrize("opening", ["if x:", "for x in y:", "while x:", "try:", "with x:", "def f(x=1):"])
def test_nested_blocks(opening: str, monkeypatch: pytest.MonkeyPatch) -> None:
    depth = 18 if opening in ("for x in y:", "while x:", "with x:", "try:") else 90  # CPython's own limit: 20 blocks
    lines = []
    for level in range(depth):
        lines.append(" " * level + opening)
    lines.append(" " * depth + "df = read()")
    if opening == "try:":
        lines += [" " * level + "finally: pass" for level in reversed(range(depth))]
    steps, _ = work("import pandas as pd\ndf = pd.read_csv('a.csv')\n" + "\n".join(lines), monkeypatch)
    assert steps < 20_000


@pytest.mark.parametrize("expression", [
    "(" * 90 + "x" + ")" * 90, "[" * 90 + "x" + "]" * 90, "not " * 300 + "x", "x" + ".a" * 300, "x" + "()" * 300,
    "x" + "[0]" * 300, " + ".join(["x"] * 300), "lambda: " * 90 + "x", "f(" * 90 + "x" + ")" * 90,
    " if x else ".join(["x"] * 90),
])  # fmt: skip
def test_deep_expressions(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, _ = work(f"def f(x): return x\nx = 1\ny = {expression}", monkeypatch)
    assert steps < 20_000


def test_an_exponential_tree_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import pandas as pd\ndef f0(x): return pd.read_csv(x)\n"
    source += "".join(f"def f{n}(x): return pd.concat([f{n - 1}(x), f{n - 1}(x)])\n" for n in range(1, 30))
    steps, _ = work(source + "f29('a.csv').to_csv('b.csv')", monkeypatch)
    assert steps < 3 * MOST_STEPS


def test_an_exponential_tree_of_constants_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import pandas as pd\ndef f0(x): return x\n"
    source += "".join(f"def f{n}(x): return f{n - 1}(x) + f{n - 1}(x)[:0]\n" for n in range(1, 25))
    steps, machine = work(source + "pd.read_csv(f24('a.csv'))", monkeypatch)
    assert steps < 2_000
    assert not any(record.cut for record in machine.effects.records.values())


@pytest.mark.parametrize("source", [
    "def f(x): return g(x)\ndef g(x): return f(x)\nf(1)",
    "def f(x): return [f(x), f(x + 1), g(x)]\ndef g(x): return f(x) + f(x * 2)\nf(1)",
    "class A:\n    def a(self, n): return self.b(n) + self.b(n)\n"
    "    def b(self, n): return self.a(n) + A().a(n)\nA().a(1)",
    "f = lambda x: f(f(x))\nf(1)",
    "def f(n):\n    for i in range(20):\n        f(i)\n        f(n)\nf(3)",
    "def f(g): return g(g)\nf(f)",
    "class A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\nA().y",
    "class A:\n    @property\n    def p(self): return self.p + self.q\n"
    "    @property\n    def q(self): return self.p\nA().p",
    "class A:\n    def __iter__(self): return iter(self)\nfor x in A(): pass",
    "class A:\n    def __add__(self, o): return o + self\nA() + A()",
    "x = []\nx.append(x)\nfor y in x:\n    x.append(y)\nprint(f'{x}')\nd = {'d': x}\nd['e'] = d\nprint({**d})",
    "x = 'a'\nfor i in range(24):\n    x = x + x\nopen(x)",
    "x = [1]\nfor i in range(24):\n    x = x + x\nopen(str(x))",
    "x = (1,)\nfor i in range(24):\n    x = (x, x)\nopen(str(x))",
    "x = {}\nfor i in range(24):\n    x = {'a': x, 'b': x}\nopen(str(x))",
    "def f(x):\n    def g(y): return f(y)\n    return g\nf(1)(2)(3)",
    "\n".join(" " * i + f"for x{i} in y:" for i in range(18)) + "\n" + " " * 18 + "open(x1)",
    "\n".join(" " * i + f"for x{i} in range(20):" for i in range(6)) + "\n" + " " * 9 + "open(str(x1))",
    "\n".join(" " * i + f"for x{i} in [1, 2]:" for i in range(18)) + "\n" + " " * 18 + "open(str(x1))",
    "x = (1,)\nfor i in range(24):\n    x = x + x\nopen(str(x))",
    "x = [1]\nfor i in range(24):\n    x = [*x, *x]\nopen(str(x))",
    "x = 'a'\nfor i in range(24):\n    x = f'{x}{x}'.join([x, x])\nopen(str(x))",
    "d = {'<rest>': 1, '<span>': 2, '<of>': 3, 'origins': 4}\nd['<default>'] = 5\nd.update({'<of>': d})\n"
    "d.update(x=1)\nd.pop('<of>')\nopen(d['no'])\nopen(d.get('<of>'))\ndel d['<of>']",
    "class A:\n    def __init__(self):\n        self.origins = self.held = self.path = self.slots = self.type = 1\n"
    "open(A())\nprint(f'{A()}')\nopen(A().origins)\nlen(A())",
    "z = [(a, b, c) for a in range(60) for b in range(60) for c in range(60)]",
])  # fmt: skip
def test_circles_and_growth_end(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, _ = work(source, monkeypatch)
    assert steps < 3 * MOST_STEPS


def test_many_choices_stay_few(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["import sys, pandas as pd", "x = ''"]
    lines += [f"if sys.argv[{i}]:\n    x = x + 'a{i}'" for i in range(40)]
    steps, machine = work("\n".join([*lines, "pd.read_csv(x).to_csv('b.csv')"]), monkeypatch)
    assert steps < 5_000
    names = {access.id for record in machine.effects.records.values() for access in record.accesses}
    assert len(names) <= 10


def test_facts_survive_the_wire() -> None:
    facts = _facts(ROOT / "mllint" / "session.py")
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=FileFacts)
    assert again == facts


def test_estimators_that_hold_each_other_end() -> None:
    record = Record()
    for inner, outer in (("model@a", "model@b"), ("model@b", "model@c"), ("model@c", "model@b")):
        record.models[ModelFact(outer, "contains", inner, Span("a.py", 1))] = None
    assert set(model_names([record], set())) <= {"model@a", "model@b", "model@c"}
