"""The reader of Python and notebooks: every node of the grammar is lowered, and every place is where it says."""

from __future__ import annotations

import ast
import json
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mllint import readers
from mllint.facts import python as facts
from mllint.readers import python as reader

LIBRARY = sorted(path for path in Path(sysconfig.get_path("stdlib")).rglob("*.py") if "site-packages" not in path.parts)
SAMPLE = LIBRARY[:: max(len(LIBRARY) // 250, 1)]  # spread over all of it


def nodes(node: Any) -> Iterator[Any]:
    """All nodes below, bodies of functions decoded."""
    match node:
        case tuple():
            for item in node:
                yield from nodes(item)
        case facts.Function():
            yield node
            yield from nodes((node.parameters, node.decorators, node.returns, facts.body_of(node)))
        case msgspec.Struct():
            yield node
            for name in node.__struct_fields__:
                yield from nodes(getattr(node, name))


def lowered(source: str) -> tuple[facts.Stmt, ...]:
    return reader.lower(source)[0]


def one(source: str) -> Any:
    [statement] = lowered(source)
    return statement.value if isinstance(statement, facts.Evaluate) else statement


def text_at(lines: list[str], at: int) -> str:
    line, column, end_line, end_column = facts.unpack_at(at)
    if line == end_line:
        return lines[line - 1][column - 1 : end_column - 1]
    return "\n".join(
        [lines[line - 1][column - 1 :], *lines[line : end_line - 1], lines[end_line - 1][: end_column - 1]]
    )


def first_name(call: facts.Call) -> str:
    node: Any = call.function
    while isinstance(node, facts.Attribute | facts.Subscript | facts.Call):
        node = node.function if isinstance(node, facts.Call) else node.value
    return node.id if isinstance(node, facts.Name) else ""


# ---------------------------------------------------------------------------------------- the standard library


@pytest.mark.parametrize("part", range(10))
def test_calls_of_the_standard_library_lie_where_they_say(part: int) -> None:
    seen = 0
    for path in SAMPLE[part::10]:
        data = path.read_bytes()
        read = readers.read("m.py", "python", data)
        if read.python is None:
            with pytest.raises(SyntaxError):  # test data that is wrong on purpose
                ast.parse(data)
            continue
        lines = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        if b"\x0c" in data or b"coding" in data[:200]:
            continue
        for node in nodes(read.python.body):
            if isinstance(node, facts.Call) and first_name(node) and not _in_text(lines, node.at):
                assert text_at(lines, node.at).lstrip("(").startswith(first_name(node)), (
                    path,
                    facts.unpack_at(node.at),
                )
                seen += 1
    assert seen > 500


def _in_text(lines: list[str], at: int) -> bool:
    """Whether a call stands in an f-string: `ast` of Python 3.11 places these wrongly, and format specs are made up."""
    return any(mark in lines[facts.unpack_at(at)[0] - 1] for mark in ("f'", 'f"', "F'", 'F"', "{"))


def test_every_node_of_the_grammar_has_its_lowering() -> None:
    silent = {ast.Pass, ast.expr, ast.stmt, getattr(ast, "TypeAlias", None), getattr(ast, "TemplateStr", None),
              getattr(ast, "Interpolation", None)}  # fmt: skip
    for base, table in ((ast.expr, reader._EXPRESSIONS), (ast.stmt, reader._STATEMENTS)):
        kinds = {kind for kind in base.__subclasses__() if kind.__module__ == "ast" or kind.__module__ == "_ast"}
        old = {ast.Num, ast.Str, ast.Bytes, ast.NameConstant, ast.Ellipsis} if hasattr(ast, "Num") else set()
        assert kinds - set(table) - silent - old == set()
    for operators, known in (
        (ast.operator, reader._BINARY),
        (ast.unaryop, reader._UNARY),
        (ast.cmpop, reader._COMPARE),
    ):
        assert set(operators.__subclasses__()) == set(known)


# -------------------------------------------------------------------------------------------------- nodes


@pytest.mark.parametrize(("source", "kind"), [
    ("1", facts.Literal), ("1.5", facts.Literal), ("'a'", facts.Literal), ("None", facts.Literal), ("1j", facts.Opaque),
    ("...", facts.Opaque), ("b'x'", facts.Opaque), (str(2**80), facts.Opaque),
    ("x", facts.Name), ("x.y", facts.Attribute),
    ("x[1]", facts.Subscript), ("f()", facts.Call), ("a + b", facts.Binary), ("a @ b", facts.Binary),
    ("-a", facts.Unary), ("not a", facts.Unary), ("a or b", facts.Logical), ("a < b < c", facts.Compare),
    ("a if b else c", facts.Conditional), ("(a, *b)", facts.Collection), ("[a]", facts.Collection),
    ("{a}", facts.Collection), ("{a: b, **c}", facts.Mapping), ("f'{a}'", facts.Text), ("lambda: 1", facts.Lambda),
    ("[a for a in b]", facts.Comprehension), ("{a for a in b}", facts.Comprehension),
    ("{a: b for a in b}", facts.Comprehension), ("(a for a in b if c)", facts.Comprehension),
    ("(x := 1)", facts.Walrus), ("await x", facts.Wait), ("yield", facts.Wait), ("yield from x", facts.Wait),
    ("x = 1", facts.Assign), ("x: int", facts.Assign), ("x: int = 1", facts.Assign), ("x += 1", facts.Augment),
    ("if a: b", facts.If), ("for a in b: c", facts.For), ("while a: b", facts.While), ("with a as b: c", facts.With),
    ("try: a\nexcept E as e: b\nelse: c\nfinally: d", facts.Try), ("try: a\nexcept* E: b", facts.Try),
    ("return x", facts.Return), ("raise x from y", facts.Raise), ("assert x, y", facts.Assert),
    ("del x[0], y", facts.Delete), ("import a.b as c, d", facts.Import), ("from ..a import b as c", facts.ImportFrom),
    ("from . import *", facts.ImportFrom), ("def f(a, /, b=1, *c, d=2, **e) -> int: pass", facts.Define),
    ("async def f():\n async for x in y: await z", facts.Define),
    ("@d\nclass A(B, metaclass=C): x = 1", facts.DefineClass),
    ("global a, b", facts.Global), ("nonlocal a", facts.Global), ("break", facts.Leave), ("continue", facts.Leave),
    ("match a:\n case 1 | 'b': c\n case {'x': y, **z}: d\n"
     " case [p, *q]: e\n case K(r, s=t) if u: f\n case _: g", facts.Match),
])  # fmt: skip
def test_each_kind_of_node(source: str, kind: type) -> None:
    assert isinstance(one(source), kind)
    encoded = msgspec.msgpack.encode(facts.Module(lowered(source), (), ()))
    assert msgspec.msgpack.decode(encoded, type=facts.Module).body == lowered(source)


def test_parameters_have_their_kinds_and_defaults() -> None:
    function = one("def f(a, /, b, c=1, *d, e, g=2, **h): yield").function
    kinds = [(p.name, p.kind, p.default is not None) for p in function.parameters]
    assert kinds == [
        ("a", "positional", False), ("b", "plain", False), ("c", "plain", True), ("d", "star", False),
        ("e", "keyword", False), ("g", "keyword", True), ("h", "double star", False),
    ]  # fmt: skip
    assert function.is_generator
    assert not function.is_async


def test_a_yield_in_an_inner_function_makes_no_generator_of_the_outer() -> None:
    outer = one("def f():\n    def g():\n        yield 1\n    return g").function
    assert not outer.is_generator
    assert facts.body_of(outer)[0].function.is_generator  # type: ignore[union-attr]


def test_a_yield_in_a_lambda_makes_no_generator_of_the_function() -> None:
    assert not one("def f():\n    return lambda: (yield)").function.is_generator


def test_a_match_says_what_it_compares_and_binds() -> None:
    cases = one("match a:\n case 'x' | 'y': p\n case {'k': v}: q\n case w: r\n case None: s").cases
    assert [[t.value for t in c.tests if isinstance(t, facts.Literal)] for c in cases] == [["x", "y"], [], [], [None]]
    assert [c.binds for c in cases] == [(), ("v",), ("w",), ()]


def test_format_specifications_are_calls_of_format() -> None:
    [part] = one("f'{n:03d}'").parts
    assert isinstance(part, facts.Call)
    assert part.function.id == "format"  # type: ignore[union-attr]


def test_docstrings_lines_and_statements_without_meaning() -> None:
    read = readers.read("m.py", "python", b'"""What it does."""\npass\nx = 1\n')
    assert read.python is not None
    assert (read.python.docstring, read.lines) == ("What it does.", 3)


# ------------------------------------------------------------------------------------------------- places


@pytest.mark.parametrize("before", ["", "é", "日本語", "🎉🎉", "a\u0301", "\t", "ß\u200b"])
def test_columns_count_characters(before: str) -> None:
    source = f"x = '{before}'; y = load('{before}')\n"
    call = next(node for node in nodes(lowered(source)) if isinstance(node, facts.Call))
    assert text_at(source.split("\n"), call.at) == f"load('{before}')"


def test_names_may_be_foreign() -> None:
    source = "größe = läden(данные)\n"
    [call] = [node for node in nodes(lowered(source)) if isinstance(node, facts.Call)]
    assert text_at(source.split("\n"), call.at) == "läden(данные)"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_places_over_several_lines(newline: str) -> None:
    source = newline.join(["x = 'ü'", "y = load(", "    'a',", "    b)", ""])
    read = readers.read("m.py", "python", source.encode())
    assert read.python is not None
    call = next(node for node in nodes(read.python.body) if isinstance(node, facts.Call))
    assert facts.unpack_at(call.at) == (2, 5, 4, 7)


def test_places_survive_packing() -> None:
    for place in ((1, 1, 1, 2), (900_000, 16_000, 900_100, 3)):
        assert facts.unpack_at(facts.pack_at(*place)) == place
    line, column, end_line, _ = facts.unpack_at(facts.pack_at(2_000_000, 99_999, 2_000_001, 1))
    assert line > 0
    assert column > 0
    assert end_line >= line


def test_other_encodings_are_read() -> None:
    source = "# -*- coding: latin-1 -*-\nx = 'größe'; y = load(x)\n"
    read = readers.read("m.py", "python", source.encode("latin-1"))
    assert read.python is not None, read.problems
    [call] = [node for node in nodes(read.python.body) if isinstance(node, facts.Call)]
    assert text_at(source.split("\n"), call.at) == "load(x)"


# ----------------------------------------------------------------------------------------------- notebooks


def notebook(*cells: str | tuple[str, str], **metadata: Any) -> bytes:
    made = []
    for cell in cells:
        kind, text = cell if isinstance(cell, tuple) else ("code", cell)
        made.append({"cell_type": kind, "source": text.splitlines(keepends=True), "metadata": {}, "outputs": []})
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


def calls(data: bytes) -> dict[str, list[Any]]:
    """Name of each called function, and the literals it is given."""
    read = readers.read("n.ipynb", "notebook", data)
    assert read.python is not None, read.problems
    assert read.problems == ()
    found: dict[str, list[Any]] = {}
    for node in nodes(read.python.body):
        if isinstance(node, facts.Call) and isinstance(node.function, facts.Name):
            found.setdefault(node.function.id, []).extend(a.value for a in node.args if isinstance(a, facts.Literal))
    return found


def test_cells_keep_their_numbers_and_lines() -> None:
    data = notebook(("markdown", "# Title"), "x = 1\ny = load('é')\n", ("raw", "z"), "\n\nload('b')")
    read = readers.read("n.ipynb", "notebook", data)
    assert read.python is not None
    assert read.python.cell_numbers == (2, 4)
    found = [node for node in nodes(read.python.body) if isinstance(node, facts.Call)]
    starts = read.python.cells
    lines = [facts.unpack_at(call.at)[0] for call in found]
    assert [lines[0] - starts[0] + 1, lines[1] - starts[1] + 1] == [2, 3]


@pytest.mark.parametrize(("cell", "wanted"), [
    ("%run a-b.py --fast", {"__run__": ["a-b.py --fast"]}),
    ("  %run 'a-b.ipynb'", {"__run__": ["'a-b.ipynb'"]}),
    ("%run ./utils/prepare.py --fast", {}),
    ("!python train.py data", {"__shell__": ["python train.py data"]}),
    ("files = !ls data", {"__shell__": ["ls data"]}),
    ("if x:\n    !python a.py\n    load('b')", {"__shell__": ["python a.py"], "load": ["b"]}),
    ("%%bash\npython a.py\npython b.py", {"__shell__": ["python a.py\npython b.py"]}),
    ("%%sql\nselect 1", {"__sql__": ["select 1"]}),
    ("%sql select 2", {"__sql__": ["select 2"]}),
    ("%%time\nload('a')", {"load": ["a"]}),
    ("%time load('a')", {"load": ["a"]}),
    ("%matplotlib inline\nload('a')", {"load": ["a"]}),
    ("%%html\n<b>", {}), ("%%writefile a.py\nload('a')", {}), ("load?\nload('a')", {"load": ["a"]}), ("??load", {}),
    ("x = 7 % 3\nload('50% of it')", {"load": ["50% of it"]}),
    ("x = (7\n % load('a'))", {"load": ["a"]}),
    ("load('''\n%run no.py\n!ls\n''')", {"load": ["\n%run no.py\n!ls\n"]}),
    ("pip install pandas\nload('a')", {"__shell__": ["pip install pandas"], "load": ["a"]}),
    ("cat = 3\nls = cat - 1\nls\nload('a')", {"load": ["a"]}),
    ("x != load('a')", {"load": ["a"]}), ("!pip install x\n", {"__shell__": ["pip install x"]}), ("", {}),
])  # fmt: skip
def test_magics(cell: str, wanted: dict[str, list[Any]]) -> None:
    assert calls(notebook(cell)) == wanted


def test_a_file_that_a_notebook_runs_is_imported_whole() -> None:
    for command in ("./utils/prepare.py --fast", "'../utils/prepare.py'"):
        read = readers.read("n.ipynb", "notebook", notebook(f"%run {command}"))
        assert read.python is not None
        (statement,) = read.python.body
        assert (statement.module, statement.names[0].name) == ("utils.prepare", "*")


def test_a_databricks_notebook_keeps_its_lines() -> None:
    text = (
        "# Databricks notebook source\nload('a')\n# COMMAND ----------\n# MAGIC %md\n# MAGIC it's\n"
        "# COMMAND ----------\n# MAGIC %sql\n# MAGIC select 1\n# MAGIC from t\n# COMMAND ----------\nload('é')\n"
    )
    read = readers.read("n.py", "python", text.encode())
    assert read.python is not None
    assert "databricks" in read.python.imports
    found = [(facts.unpack_at(c.at)[0], c.function.id, c.args[0].value) for c in nodes(read.python.body)
             if isinstance(c, facts.Call)]  # fmt: skip
    assert found == [(2, "load", "a"), (7, "__sql__", "select 1\nfrom t"), (11, "load", "é")]


def test_a_databricks_notebook_that_is_no_utf_8_is_told_to_be_so() -> None:
    (problem,) = readers.read("n.py", "python", b"# Databricks notebook source\n\xff\xfe").problems
    assert problem.code == "ML002"


def test_lines_after_magics_keep_their_places() -> None:
    data = notebook("%matplotlib inline\n!ls\nx = load('a')\n", "%%time\n\nload('b')")
    read = readers.read("n.ipynb", "notebook", data)
    assert read.python is not None
    found = {
        c.args[0].value: facts.unpack_at(c.at)[0] for c in nodes(read.python.body)
        if isinstance(c, facts.Call) and c.function.id == "load"
    }  # fmt: skip
    assert found == {"a": read.python.cells[0] + 2, "b": read.python.cells[1] + 2}


def test_a_cell_that_is_indented_as_a_whole_runs_and_keeps_its_places() -> None:
    read = readers.read("n.ipynb", "notebook", notebook("    x = 1\n    load('a')", "\n  load('b')"))
    assert read.python is not None
    assert read.problems == ()
    found = [facts.unpack_at(node.at)[:2] for node in nodes(read.python.body) if isinstance(node, facts.Call)]
    starts = read.python.cells
    assert found == [(starts[0] + 1, 5), (starts[1] + 1, 3)]


def test_an_indented_line_in_the_midst_of_a_cell_is_an_error() -> None:
    read = readers.read("n.ipynb", "notebook", notebook("x = 1\n    load('a')", "  x = 1\nload('a')"))
    assert [(p.code, p.cell, p.line) for p in read.problems] == [("ML001", 1, 2)]


def test_code_ahead_of_the_running_python_is_told_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(source: object) -> None:
        raise SyntaxError("invalid syntax", ("<unknown>", 1, 6, "type Rows = list[int]", 1, 7))

    monkeypatch.setattr("mllint.readers.python.ast.parse", parse)
    (problem,) = readers.read("a.py", "python", b"type Rows = list[int]\n").problems
    assert "run mllint with the Python of this code" in problem.message


def test_a_broken_cell_costs_that_cell() -> None:
    read = readers.read("n.ipynb", "notebook", notebook("load('a')", "x = = 1", "load('c')"))
    assert read.python is not None
    assert [(p.code, p.cell, p.line) for p in read.problems] == [("ML001", 2, 1)]
    literals = [node.value for node in nodes(read.python.body) if isinstance(node, facts.Literal)]
    assert literals == ["a", "c"]


@pytest.mark.parametrize("cell", ["(" * 500 + ")" * 500, "x = " + "-" * 5000 + "1", "x = '\\ud800'", "\0"])
def test_a_hopeless_cell_never_raises(cell: str) -> None:
    read = readers.read("n.ipynb", "notebook", notebook("load('a')", cell))
    assert read.python is not None or read.problems


def test_nbformat_3_keeps_cells_in_worksheets() -> None:
    cells = [{"cell_type": "code", "input": ["load('a')\n", "load('b')"], "language": "python", "outputs": []}]
    data = json.dumps({"worksheets": [{"cells": cells}], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}).encode()
    assert calls(data) == {"load": ["a", "b"]}


@pytest.mark.parametrize("metadata", [
    {"kernelspec": {"name": "ir", "language": "R"}}, {"language_info": {"name": "R"}},
    {"kernelspec": {"name": "julia-1.6"}, "language_info": {"name": "julia"}},
])  # fmt: skip
def test_kernels_of_other_languages_are_not_python(metadata: dict[str, Any]) -> None:
    read = readers.read("n.ipynb", "notebook", notebook("x <- load('a')", **metadata))
    assert (read.python, read.problems) == (None, ())


@pytest.mark.parametrize("data", [
    b"[]", b"{}", b'{"cells": 3}', b'{"cells": [3, null, {"cell_type": "code"}]}', b'{"worksheets": [{"cells": null}]}',
    b'{"cells": [{"cell_type": "code", "source": {"a": 1}}]}', b'{"cells": [{"cell_type": "code", "source": null}]}',
    b'{"worksheets": [{"cells": [{"cell_type": "code", "input": 5}]}], "metadata": []}', b"{", b"null", b'"x"',
    b'{"cells": [], "metadata": {"kernelspec": {"language": null}}}',
])  # fmt: skip
def test_odd_notebooks_never_raise(data: bytes) -> None:
    read = readers.read("n.ipynb", "notebook", data)
    assert all(problem.code == "ML001" for problem in read.problems) or "ML006" in {p.code for p in read.problems}
