"""Python of later versions than the one that runs mllint."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllint.readers.grammar import _older, parse
from tests.linking import edges, linked

NEW = [
    '''f"{row["id"]}.csv"''',
    '''f"a{row["id"]}" "b"''',
    """f'{d['a']}{d["b"]!r:>{w["x"]}}' """,
    '''f"{"\\n".join(names)} {rf"\\d{n}"}"''',
    '''f"{f"{x["a"]}"}"''',
    'f"{\n  x  # why\n}"',
    '''f"{a != b["k"]:{w}} {{}} {c=}"''',
    """f'''{d['''k''']}'''""",
]


@pytest.mark.parametrize("code", NEW)
def test_f_strings_of_python_3_12_are_read(code: str) -> None:
    (statement,) = parse(code)[0].body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.JoinedStr)
    older = _older(code)
    assert older is not None
    assert ast.parse(older)


@pytest.mark.parametrize("code", ["f'{x'", "f'{d[\"a\"'", "x = 'a", 'f"{d["a"]"', "def f(:", 'f"{" #'])
def test_what_no_version_reads_is_an_error(code: str) -> None:
    with pytest.raises(SyntaxError):
        parse(code)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="reads them itself, quotes and all")
def test_what_this_version_reads_stays(request: pytest.FixtureRequest) -> None:
    for path in sorted((Path(request.config.rootpath) / "mllint").rglob("*.py")):
        assert _older(path.read_bytes()) is None, path


@given(st.text(alphabet="f\"'{}\\#:!=xr\n ([])", max_size=40))
def test_any_text_is_read_or_an_error(text: str) -> None:
    try:
        parse(text)
    except (SyntaxError, ValueError):
        return


def test_the_names_in_them_are_followed(tmp_path: Path) -> None:
    code = 'import pandas as pd\nc = {"in": "a"}\npd.read_csv(f"{c["in"]}.csv").to_csv("b.csv")\n'
    assert edges(linked(tmp_path, {"a.py": code})) == {("file:a.csv", "file:b.csv")}
