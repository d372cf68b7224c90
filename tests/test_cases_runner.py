"""The case runner itself: it must fail where a case and a run differ, in either direction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mllint import session
from mllint.errors import Problem
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Edge, Graph
from mllint.lineage.lineage import Coverage, Lineage
from mllint.lineage.observations import Observations
from mllint.pages import explanation, is_case, split_sections
from mllint.rule import Finding
from mllint.selection import RuleError
from mllint.source import Span
from tests.cases import Case, CaseError, Link, Mark, judge, notebook, read_page, run, write_files

PAGE = """# some-rule

What it finds.

```python
print("prose")  # error: [some-rule]
```

## One case

`a.py`:

```python
x = 1  # error: [some-rule] "one"
y = 2  # ok: [some-rule]
z = 3  # todo-error: [some-rule]
w = 4  # todo-ok: [other-rule] # error: [ML701, some-rule] or b.sql:2
## no heading
```

`b.sql`:
```sql
SELECT 1  -- error: [some-rule]
```

`c.scala`:

````scala
val x = 1 // ok: [some-rule]
```
````

`n.ipynb`:

```python
import pandas
# %%
a = 1
b = 2  # error: [some-rule]
# %% [markdown]
# # Title
# %%
c = 3  # error: [some-rule]
```

`conf.json`:

```json
{}
```

`rows.csv`:

```csv
a,b
1,2
```

```findings
conf.json:1 some-rule
n.ipynb:2:1 some-rule or conf.json:2
```

```lineage
file:a -> file:b
file:a -/-> file:c
```

```options
--preview --today 2024-06-01
```

## What to do

Nothing.
"""


def test_every_part_of_a_page_is_read() -> None:
    (case,) = read_page(PAGE)
    assert (case.rule, case.title, case.rules) == ("some-rule", "One case", {"some-rule", "other-rule", "ML701"})
    assert case.files["a.py"] == "x = 1\ny = 2\nz = 3\nw = 4\n## no heading\n"
    assert case.files["c.scala"] == "val x = 1\n```\n"
    assert case.options == ("--preview", "--today", "2024-06-01")
    assert case.links == (Link("file:a", "file:b", True), Link("file:a", "file:c", False))
    assert [str(mark) for mark in case.marks] == [
        'a.py:1 error: [some-rule] "one"',
        "a.py:2 ok: [some-rule]",
        "a.py:3 todo-error: [some-rule]",
        "a.py:4 or b.sql:2 error: [ML701]",
        "a.py:4 or b.sql:2 error: [some-rule]",
        "a.py:4 todo-ok: [other-rule]",
        "b.sql:1 error: [some-rule]",
        "c.scala:1 ok: [some-rule]",
        "n.ipynb:2:2 error: [some-rule]",
        "n.ipynb:4:1 error: [some-rule]",
        "conf.json:1 error: [some-rule]",
        "n.ipynb:2:1 or conf.json:2 error: [some-rule]",
    ]


def test_files_are_written_and_notebooks_made(tmp_path: Path) -> None:
    (case,) = read_page(PAGE)
    write_files(case, tmp_path)
    assert (tmp_path / "rows.csv").read_text() == "a,b\n1,2\n"
    cells = json.loads((tmp_path / "n.ipynb").read_text())["cells"]
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in cells] == [
        ("code", "import pandas"), ("code", "a = 1\nb = 2"), ("markdown", "# Title"), ("code", "c = 3"),
    ]  # fmt: skip


def test_a_notebook_that_begins_with_a_border_has_no_empty_first_cell() -> None:
    cells = notebook("# %%\nx = 1\n")["cells"]
    assert isinstance(cells, list)
    assert len(cells) == 1
    page = "# r\n## c\n`n.ipynb`:\n```python\n# %%\nx = 1  # error: [r]\n```\n"
    assert read_page(page)[0].marks[0].places == (("n.ipynb", 1, 1),)


def test_a_parquet_file_is_written_from_csv(tmp_path: Path) -> None:
    from pyarrow import parquet

    write_files(read_page("# r\n## c\n`t.parquet`:\n```csv\na,b\n1,2\n```\n")[0], tmp_path)
    assert parquet.read_schema(tmp_path / "t.parquet").names == ["a", "b"]


@pytest.mark.parametrize(
    "page",
    ["no heading", "# r\n## c\n`a.py`:\n```python\nx\n", "# r\n## c\n`../a.py`:\n```\n```\n",
     "# r\n## c\n`a`:\n```\n```\n## c\n`a`:\n```\n```\n",
     "# r\n## c\n`a`:\n```\n```\n```lineage\nfile:a => file:b\n```\n",
     "# r\n## c\n`a`:\n```\n```\n```findings\na.json some-rule\n```\n"],
)  # fmt: skip
def test_a_page_that_breaks_the_format_is_refused(page: str) -> None:
    with pytest.raises(CaseError):
        read_page(page)


# ---------------------------------------------------------------------------------------------------- judging


def case(*marks: Mark, links: tuple[Link, ...] = ()) -> Case:
    return Case("rule", "title", {"a.py": ""}, {"a.py": "python"}, marks, links, ())


def mark(kind: str, line: int, words: str = "", *others: int) -> Mark:
    return Mark(kind, "rule", tuple(("a.py", None, number) for number in (line, *others)), words)


def found(line: int, message: str = "", name: str = "rule", cell: int | None = None) -> Finding:
    return Finding(message, "", Span("a.py", line, cell=cell), code="ML1", name=name)


@pytest.mark.parametrize(
    ("marks", "findings"),
    [
        ([], []),
        ([mark("error", 1)], [found(1)]),
        ([mark("ok", 1)], []),
        ([mark("ok", 1)], [found(1, name="another-rule")]),
        ([mark("error", 1), mark("error", 1)], [found(1), found(1)]),
        ([mark("error", 1), mark("error", 1, "two")], [found(1, "two"), found(1, "one")]),
        ([mark("error", 1, "", 5)], [found(5)]),
        ([mark("todo-error", 1)], []),
        ([mark("todo-ok", 1)], [found(1)]),
    ],
)
def test_what_a_case_says_passes(marks: list[Mark], findings: list[Finding]) -> None:
    assert judge(case(*marks), findings, Graph()) == []


@pytest.mark.parametrize(
    ("marks", "findings", "complaint"),
    [
        ([mark("error", 1)], [], "missing: a.py:1"),
        ([mark("error", 1)], [found(2)], "missing: a.py:1"),
        ([mark("error", 1)], [found(1, cell=1)], "missing: a.py:1"),
        ([mark("error", 1, "km")], [found(1, "miles")], 'missing: a.py:1 error: [rule] "km"'),
        ([mark("error", 1), mark("error", 1)], [found(1)], "missing: a.py:1"),
        ([], [found(3)], "too many: a.py:3"),
        ([mark("error", 1)], [found(1), found(1)], "too many: a.py:1"),
        ([mark("ok", 1)], [found(1)], "too many: a.py:1"),
        ([mark("todo-error", 1)], [found(1)], "make it `error`"),
        ([mark("todo-ok", 1)], [], "make it `ok`"),
    ],
)
def test_what_a_case_does_not_say_fails(marks: list[Mark], findings: list[Finding], complaint: str) -> None:
    complaints = judge(case(*marks), findings, Graph())
    assert complaint in complaints[0]


def test_a_file_that_could_not_be_read_fails_a_case() -> None:
    assert judge(case(), [], Graph(), [Problem("a.py", 3, "ML001", "bad")]) == ["not read: a.py:3 ML001 bad"]


def test_links() -> None:
    graph = Graph()
    for id in ("file:a", "file:b", "file:c"):
        graph.add_node(id, "dataset")
    graph.add_edge(Edge("file:a", "file:b", "derives"))
    graph.add_edge(Edge("file:b", "file:c", "derives"))
    assert judge(case(links=(Link("file:a", "file:c", True), Link("file:c", "file:a", False))), [], graph) == []
    assert "connected" in judge(case(links=(Link("file:a", "file:c", False),)), [], graph)[0]
    assert "not connected" in judge(case(links=(Link("file:c", "file:a", True),)), [], graph)[0]
    assert "no node file:x" in judge(case(links=(Link("file:a", "file:x", True),)), [], graph)[0]


# ------------------------------------------------------------------------------------------------------ pages


def test_an_explanation_is_the_prose_and_one_example() -> None:
    text = explanation(PAGE + "\n## Another case\n\n`z.py`:\n\n```python\nx\n```\n")
    assert "What it finds." in text
    assert "## One case" in text
    assert "## What to do" in text
    assert "Another case" not in text


def test_a_file_name_inside_a_block_makes_no_case() -> None:
    opening, section = split_sections("# r\n## Notes\n```\n`a.py`:\n```\n")
    assert opening == "# r"
    assert not is_case(section)


# -------------------------------------------------------------------------------------------------------- runs


def test_a_run_goes_through_the_command_lines_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    def answer(root: Path, paths: tuple[Path, ...], **options: Any) -> session.CheckResult:
        seen.update(options, text=(root / "a.py").read_text())
        lineage = Lineage(Graph(), Observations(), Declarations([], []), Coverage())
        crash = RuleError("ML1", "rule", "the rule failed")
        return session.CheckResult([found(1)], [], lineage, [crash], [], "warning")

    monkeypatch.setattr(session, "check", answer)
    page = "# rule\n## c\n`a.py`:\n```\nx  # ok: [rule]\n```\n```options\n--preview\n--today 2024-06-01\n```\n"
    complaints = run(read_page(page)[0], tmp_path)
    assert complaints == ["crashed: rule: the rule failed", "too many: a.py:1 ML1 rule: "]
    assert seen["text"] == "x\n"
    assert (seen["preview"], seen["today"], seen["use_cache"], seen["jobs"]) == (True, "2024-06-01", False, 1)
