"""gin-config: its files as a positioned tree, and what they bind to parameters that callers do not give."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllint import session
from tests.linking import edges, linked
from tests.test_config_reader import codes, facts, find, plain, slice_of, texts, tree

FILE = """# what to train
include 'base.gin'
import jobs.models
PATH = 'data/' 'a.csv'
night/jobs.train.path = %PATH  # where it lies
train.rate = -1e-3
train.model = @big/Model()
train.loss = @loss
train.sizes = [1, 2,
    ('a'
     'b', None), (3,), (4), {'k': True, 1: []},
]
Model:
    width = 3

    name = \\
      'eta'
train.rate = 2
"""


def test_statements_and_their_places() -> None:
    root = tree("gin", FILE)
    assert [entry.key for entry in root.entries] == [
        "include", "import", "PATH", "night/jobs.train.path", "train.model", "train.loss", "train.sizes", "Model.width",
        "Model.name", "train.rate",
    ]  # fmt: skip
    tags = {
        key: (find(root, key).tag, find(root, key).value) for key in ("include", "import", "train.model", "train.loss")
    }
    assert tags == {
        "include": ("!include", "base.gin"),
        "import": ("!import", "jobs.models"),
        "train.model": ("!call", "big/Model"),
        "train.loss": ("!reference", "loss"),
    }
    assert find(root, "PATH").value == "data/a.csv"
    assert find(root, "night/jobs.train.path").tag == "!macro"
    assert plain(find(root, "train.sizes")) == [1, 2, ["ab", None], [3], 4, {"k": True, "1": []}]
    assert find(root, "train.sizes", 2).tag == "!tuple"
    assert find(root, "train.rate").value == 2
    assert slice_of(FILE, find(root, "night/jobs.train.path")) == "%PATH"
    assert slice_of(FILE, find(root, "Model.width")) == "3"
    assert (find(root, "Model.name").line, find(root, "Model.name").value) == (17, "eta")


literals = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(literals)
def test_a_literal_is_what_python_says(value: Any) -> None:
    def same(of: Any) -> Any:
        match of:
            case dict():
                return {key: same(each) for key, each in of.items()}
            case list() | tuple():
                return [same(each) for each in of]
        return of

    written = repr(value)
    assert plain(find(tree("gin", f"a.b = {written}\n"), "a.b")) == same(ast.literal_eval(written))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a.b = ", "ML001"),
        ("a.b = f()", "ML001"),
        ("a.b = __import__('os').getcwd()", "ML001"),
        ("a.b = 1 + 2", "ML001"),
        ("a.b = [1, 2", "ML001"),
        ("a.b = '''x", "ML001"),
        ("a.b = " + "9" * 9_999, "ML001"),
        ("a.b = " + "[" * 10_000, "ML004"),
        ("a.b = [" + "1," * 200_000 + "]", "ML005"),
        ("a" + "/a" * 50_000, "ML001"),
        ("a.b = '" + "\\" * 99_999, "ML001"),
        ("a.b = '''" + "\\'''" * 50_000, "ML001"),
        ("\x00", "ML001"),
    ],
)
def test_hostile_text_is_one_problem(text: str, code: str) -> None:
    assert codes("gin", text) == [code]


def test_what_cannot_be_stored_becomes_text() -> None:
    root = tree("gin", f"a.b = {2**70}\na.c = '\\ud800'\n")
    assert plain(root) == {"a.b": str(2**70), "a.c": "?"}
    assert facts("gin", b"a.b = '\xff'").problems[0].code == "ML002"


# ------------------------------------------------------------------------------------------------ bindings

JOBS = """
    import gin
    import pandas as pd

    @gin.configurable
    class Source:
        def __init__(self, path, folder="raw"):
            self.path = folder + "/" + path

    @gin.configurable
    def load(source=gin.REQUIRED, suffix=""):
        return pd.read_csv(source.path + suffix)

    @gin.configurable("run", module="jobs")
    def train(reader=load, out="out.csv"):
        reader().to_csv(out)
"""
MAIN = """
    import gin
    import jobs

    gin.parse_config_file("conf/train.gin")
    jobs.train()
"""


def found(tmp_path: Path, gin: str, main: str = MAIN, **more: str) -> set[tuple[str, str]]:
    return edges(linked(tmp_path, {"jobs.py": JOBS, "main.py": main, "conf/train.gin": gin, **more}))


def pair(source: str, target: str) -> tuple[str, str]:
    return f"file:{source}", f"file:{target}"


def test_classes_functions_and_references(tmp_path: Path) -> None:
    gin = "jobs.run.out = 'b.csv'\nload.source = @Source()\nSource.path = %NAME\nNAME = 'a.csv'\nrun.reader = @load\n"
    assert pair("raw/a.csv", "b.csv") in found(tmp_path, gin)


def test_a_file_that_is_included_counts_where_it_stands(tmp_path: Path) -> None:
    base = "Source.path = 'x.csv'\nload.source = @Source()\nrun.out = 'x.csv'\n"
    gin = "run.out = 'lost.csv'\ninclude 'base.gin'\nSource.path = 'a.csv'\n"
    assert pair("raw/a.csv", "x.csv") in found(tmp_path, gin, **{"conf/base.gin": base})


def test_scopes_count_within_them(tmp_path: Path) -> None:
    gin = "Source.path = 'a.csv'\nload.source = @big/Source()\nbig/Source.folder = 'big'\nnight/run.out = 'night.csv'\n"
    main = MAIN + "    with gin.config_scope('night'):\n        jobs.train()\n    jobs.train(out='given.csv')\n"
    pairs = found(tmp_path, gin, main)
    assert {pair("big/a.csv", name) for name in ("out.csv", "night.csv", "given.csv")} <= pairs


def test_what_others_wrote_may_be_bound_too(tmp_path: Path) -> None:
    main = """
        import gin
        import pandas as pd
        import jobs

        gin.external_configurable(pd.read_csv, "read", module="pd")
        gin.external_configurable(jobs.Source, "Place")
        gin.parse_config_file("conf/train.gin")
        jobs.train()
    """
    gin = "run.reader = @pd.read\npd.read.filepath_or_buffer = 'a.csv'\n"
    assert pair("a.csv", "out.csv") in found(tmp_path, gin, main)
    gin = "load.source = @Place()\nPlace.path = 'p.csv'\nSource.folder = 'big'\n"
    assert pair("big/p.csv", "out.csv") in found(tmp_path, gin, main)


def test_a_change_of_what_is_bound_is_seen_by_the_next_run(tmp_path: Path) -> None:
    def run() -> set[tuple[str, str]]:
        return edges(session.graph(tmp_path, use_cache=True, jobs=1))

    found(tmp_path, "load.source = @Source()\nSource.path = 'a.csv'\n", **{"other.py": "import jobs\njobs.load()\n"})
    assert pair("raw/a.csv", "out.csv") in run()
    (tmp_path / "conf/train.gin").write_text("load.source = @Source()\nSource.path = 'b.csv'\n")
    assert run() == edges(session.graph(tmp_path, use_cache=False, jobs=1)) >= {pair("raw/b.csv", "out.csv")}
    (tmp_path / "jobs.py").write_text((tmp_path / "jobs.py").read_text().replace('"raw"', '"new"'))
    assert run() == edges(session.graph(tmp_path, use_cache=False, jobs=1)) >= {pair("new/b.csv", "out.csv")}


def test_branches_keep_what_they_bind_apart(tmp_path: Path) -> None:
    main = """
        import gin, sys
        import jobs
        if sys.argv[1] == "big":
            gin.parse_config("run.out = 'big.csv'")
        else:
            gin.parse_config("run.out = 'small.csv'")
        gin.parse_config_file("conf/train.gin")
        jobs.train()
    """
    gin = "load.source = @Source()\nSource.path = 'a.csv'\n"
    assert {pair("raw/a.csv", "big.csv"), pair("raw/a.csv", "small.csv")} <= found(tmp_path, gin, main)


def test_what_one_script_binds_no_other_has(tmp_path: Path) -> None:
    gin = "load.source = @Source()\nSource.path = 'a.csv'\nrun.out = 'b.csv'\n"
    bound = "Source.path = 'o.csv'\nload.source = @Source()"
    other = f"import gin\nimport jobs\ngin.parse_config('''{bound}''')\njobs.train()\n"
    pairs = found(tmp_path, gin, **{"other.py": other})
    assert {pair("raw/a.csv", "b.csv"), pair("raw/o.csv", "out.csv")} <= pairs
    assert pair("raw/o.csv", "b.csv") not in pairs


@pytest.mark.parametrize(
    "gin",
    [
        "A = %B\nB = %A\nrun.out = %A\n",
        "Source.path = @Source()\nload.source = @load()\n",
        "include 'conf/train.gin'\n",
        "\n".join(f"M{n} = [{', '.join([f'%M{n + 1}'] * 30)}]" for n in range(20)) + "\nrun.out = %M0\n",
    ],
)
def test_circles_end(tmp_path: Path, gin: str) -> None:
    found(tmp_path, gin)


def test_where_a_setting_stands_is_known(tmp_path: Path) -> None:
    main = """
        import gin
        from sklearn.linear_model import Ridge

        @gin.configurable
        def train(alpha, unused=3):
            Ridge(alpha=alpha)

        gin.parse_config_file("c.gin")
        train()
    """
    text = "train.alpha = 0.5\nNEVER = 1\n"
    lineage = linked(tmp_path, {"main.py": main, "c.gin": text})
    (setting,) = [s for c in lineage.observations.components for s in c.given if s.parameter == "alpha"]
    assert [(span.path, span.line) for span in setting.settings] == [("c.gin", 1)]
    (config,) = lineage.observations.configs
    assert {key.keys: key.state for key in config.keys} == {("train.alpha",): "read", ("NEVER",): "unread"}


def test_a_package_of_that_name_is_not_the_library_that_its_modules_import(tmp_path: Path) -> None:
    files = {
        "tools/__init__.py": "",
        "tools/gin/__init__.py": "from .parser import parse",
        "tools/gin/parser.py": "import gin\n\ndef parse():\n    gin.parse_config_file('a.gin')\n",
        "tools/jobs.py": "import gin\nimport pandas as pd\n\n@gin.configurable\ndef run(path):\n"
        "    pd.read_csv(path).to_csv('b.csv')\n",
        "main.py": "from tools.gin import parse\nfrom tools.jobs import run\nparse()\nrun()\n",
        "a.gin": "run.path = 'a.csv'",
    }
    assert pair("a.csv", "b.csv") in edges(linked(tmp_path, files))


METHODS = """
import enum
import gin
import pandas as pd

@gin.constants_from_enum(module="paths")
class Name(enum.Enum):
    FIRST = "a.csv"
    SECOND = "b.csv"

class Base:
    @gin.configurable
    def load(self, name, out="lost.csv"):
        pd.read_csv(name.value).to_csv(out)

@gin.configurable
class Job(Base):
    @gin.configurable("keep")
    def store(self, name, out):
        pd.read_csv(name.value).to_csv(out)

gin.parse_config_file("a.gin")
Job().load(out="given.csv")
Job().store()
"""


def test_methods_and_the_members_of_enumerations(tmp_path: Path) -> None:
    gin = "Base.load.name = %paths.Name.SECOND\nkeep.name = %Name.FIRST\nkeep.out = 'kept.csv'\n"
    pairs = edges(linked(tmp_path, {"main.py": METHODS, "a.gin": gin}))
    assert {pair("b.csv", "given.csv"), pair("a.csv", "kept.csv")} <= pairs
