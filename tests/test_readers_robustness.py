"""Whatever bytes a file holds, reading it gives facts or one diagnostic, the same each time, and never an exception."""

from __future__ import annotations

import ast
import io
import json
import sys
import types
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllint.errors import OutOfTime
from mllint.facts.file import FileFacts, encode
from mllint.readers import READERS, read
from mllint.readers.comments import find_suppressions
from mllint.readers.datafile import header_of
from mllint.readers.parquet import column_names

MINE = ["sql", "csv", "parquet", "requirements", "owners"]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(MINE), st.binary(max_size=300))
def test_any_bytes(kind: str, data: bytes) -> None:
    facts = read("x", kind, data)
    assert len(facts.problems) <= 1
    assert encode(facts) == encode(read("x", kind, data))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(MINE), st.text(max_size=300), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
def test_any_text_in_any_encoding(kind: str, text: str, encoding: str) -> None:
    encode(read("x", kind, text.encode(encoding, "replace")))


def raising(error: BaseException) -> Callable[[str, str, bytes], FileFacts]:
    def reader(path: str, kind: str, data: bytes) -> FileFacts:
        raise error

    return reader


def _python_error() -> BaseException:
    try:
        compile("a = 1\nb = = 2\n", "x", "exec", 0x400)  # parsed, never run
    except SyntaxError as error:
        return error
    raise AssertionError


def _json_error() -> BaseException:
    try:
        json.loads('{"a": 1,\n"b": }')
    except ValueError as error:
        return error
    raise AssertionError


def _unicode_error() -> BaseException:
    try:
        b"ok\n\xff".decode()
    except UnicodeDecodeError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (_python_error(), "ML001", 2),
        (_json_error(), "ML001", 2),
        (_unicode_error(), "ML002", 2),
        (RecursionError("deep"), "ML004", 1),
        (MemoryError(), "ML005", 1),
        (OutOfTime(), "ML005", 1),
        (KeyError("hunter2"), "ML006", 1),
        (ValueError("hunter2"), "ML006", 1),
    ],
)
def test_every_failure_is_one_problem(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: str, line: int
) -> None:
    module = types.ModuleType("failing_reader")
    module.read = raising(error)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "failing_reader", module)
    monkeypatch.setitem(READERS, "sql", "failing_reader")
    facts = read("q.sql", "sql", b"one\ntwo\nthree")
    assert [(p.path, p.code, p.line) for p in facts.problems] == [("q.sql", code, line)]
    assert facts.lines == 3
    assert "hunter2" not in facts.problems[0].message  # an error may quote the file, and the file hold a secret


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        (b"x = 1\nif x\n", "ML001", 2),
        (b"'\\N{no such}'", "ML001", 1),
        (b"1" * 5000, "ML001", 1),
        (b"x = '\xff'", "ML002", 1),
        (b"x = 1\0", "ML002", 1),
        (b"-" * 100_000 + b"1", "ML004", 1),
        (b"1" + b"+1" * 50_000, "ML004", 1),
        (b"(" * 1_000 + b")" * 1_000, "ML001", 1),
    ],
)
def test_what_python_s_own_parser_refuses(monkeypatch: pytest.MonkeyPatch, source: bytes, code: str, line: int) -> None:
    module = types.ModuleType("parsing_reader")
    module.read = lambda path, kind, data: FileFacts(path, kind, lines=bool(ast.parse(data)))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "parsing_reader", module)
    monkeypatch.setitem(READERS, "python", "parsing_reader")
    assert [(p.code, p.line) for p in read("a.py", "python", source).problems] == [(code, line)]


def test_nul_bytes_are_a_problem_with_a_line() -> None:
    (problem,) = read("q.sql", "sql", b"select 1;\nselect \0;").problems
    assert (problem.code, problem.line) == ("ML002", 2)


def test_encodings_of_sql() -> None:
    for data in (b"\xef\xbb\xbfselect 1", "select 1".encode("utf-16")):
        facts = read("q.sql", "sql", data)
        assert facts.sql is not None
        assert facts.sql.text == "select 1"
    facts = read("q.sql", "sql", b"select 1 -- d\xe9j\xe0\r\nfrom t")
    assert facts.sql is not None
    assert facts.sql.text == "select 1 -- déjà\nfrom t"
    assert facts.lines == 2
    assert read("q.sql", "sql", b"select {{ x }}").sql.jinja  # type: ignore[union-attr]


# -------------------------------------------------------------------------------------------------- data files


@pytest.mark.parametrize(
    ("data", "columns"),
    [
        (b"id,name\n1,a\n", ("id", "name")),
        (b"id;name\r\n1;a\r\n", ("id", "name")),
        (b'\xef\xbb\xbf"id","trip, km"\n', ("id", "trip, km")),
        (b'"say ""hi""",b\n', ('say "hi"', "b")),
        ("id,größe\n".encode("utf-16"), ("id", "größe")),
        ("id,größe\n".encode("cp1252"), ("id", "größe")),
        (b",a,b\n0,1,2\n", ("Unnamed: 0", "a", "b")),
        (b"label\n1\n", ("label",)),
        (b"a|b|c, d\n", ("a", "b", "c, d")),
        (b"only header", ("only header",)),
        (b"5.1,3.5,1.4,setosa\n", ()),  # a row, not a header
        (b"2024-01-01,12\n", ()),
        (b"1,2,3\n", ()),
        (b"a,a\n", ()),  # two columns of one name: pandas would rename one
        (b'"a\nb",c\n', ()),  # a name over two lines
        (b"a,\0b\n", ()),
        (b"", ()),
        (b"a," * 40_000, ()),  # cut off before its end
    ],
)
def test_header(data: bytes, columns: tuple[str, ...]) -> None:
    assert header_of("x.csv", data) == columns


def test_tsv() -> None:
    assert header_of("x.tsv", b"a, b\tc\n") == ("a, b", "c")


def parquet(**columns: list[object]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def test_parquet_columns_are_pyarrow_s() -> None:
    data = parquet(id=[1], nested=[{"a": 1, "b": [{"c": 2}]}], words=[["x"]], größe=[1.5])
    assert column_names(data) == ("id", "nested", "words", "größe")
    assert column_names(data[-600:]) in ((), ("id", "nested", "words", "größe"))  # a tail that may be too short
    wide = parquet(**{f"c{n}": [n] for n in range(500)})
    assert column_names(wide) == tuple(f"c{n}" for n in range(500))
    assert column_names(b"PAR1" + wide[-4:]) == ()


GOOD = parquet(id=[1], name=["x"])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_broken_footer_is_a_problem_or_facts(data: st.DataObject) -> None:
    raw = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 5))):
        raw[-data.draw(st.integers(1, len(raw)))] = data.draw(st.integers(0, 255))
    facts = read("x.parquet", "parquet", bytes(raw))
    assert {p.code for p in facts.problems} <= {"ML001"}
    encode(facts)


# ------------------------------------------------------------------------------------------------ suppressions


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("sql", "select 1 -- mllint: ignore[train-serve-skew] known", [(1, 10, ("train-serve-skew",), "known")]),
        ("yaml", "a: 1\nb: 2  # mllint: ignore[ML501, ML5] both", [(2, 7, ("ML501", "ML5"), "both")]),
        ("java", "f(); // mllint:ignore", [(1, 6, (), "")]),
        ("html", "<p> <!-- mllint: ignore[x] why -->", [(1, 7, ("x",), "why")]),
        ("python", "x = 1  # noqa  # mllint: ignore[a]\r\ny = 2\r\n", [(1, 16, ("a",), "")]),
        ("python", "é = '# mllint: ignore'  # mllint: ignore[b]", [(1, 25, ("b",), "")]),
        ("sql", "-- mllint: ignore[a] -- mllint: ignore[b]", [(1, 1, ("a",), "-- mllint: ignore[b]")]),
        ("python", 's = "# mllint: ignore"\n', []),
        ("python", '"""\n# mllint: ignore[x]\n"""\nx = 1  # mllint: ignore[y]\n', [(4, 8, ("y",), "")]),
        ("sql", "-- mllint: ignored", []),
        ("sql", "mllint: ignore", []),
    ],
)
def test_suppressions(kind: str, text: str, expected: list[tuple[int, int, tuple[str, ...], str]]) -> None:
    found = find_suppressions(text.encode(), kind)
    assert [(s.line, s.column, s.rules, s.reason) for s in found] == expected


def test_a_suppression_knows_its_cell() -> None:
    (found,) = find_suppressions(b"x = 1  # mllint: ignore", "python", cell=3)
    assert found.cell == 3


def test_suppressions_come_with_the_facts() -> None:
    assert [s.line for s in read("q.sql", "sql", b"select 1\n-- mllint: ignore[a]").suppressions] == [2]


@pytest.mark.parametrize(
    "text",
    [
        "# mllint: ignore[" * 50_000,
        "#" * 800_000,
        "mllint:" * 100_000,
        "#   \t " * 100_000 + "mllint:",
        "# mllint: ignore\n" * 50_000,
        "# mllint: ignore\r" * 50_000,
    ],
)
def test_looking_for_suppressions_is_linear(text: str) -> None:
    find_suppressions(text.encode(), "sql")  # in squared time it would run into the tests' timeout


@pytest.mark.parametrize("kind", sorted(READERS))
def test_what_stands_for_a_large_file_is_no_content(kind: str) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    facts = read("data/x", kind, pointer)
    assert facts.problems == ()
    assert facts == FileFacts("data/x", kind, lines=facts.lines)
    assert read("data/x", kind, b"/annex/objects/SHA256E-s12--ab.csv\n").problems == ()
