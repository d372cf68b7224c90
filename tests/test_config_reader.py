"""The reader of configuration files: the values of the reference parsers, places inside the file, bombs refused."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mllint.facts.config import Value
from mllint.facts.file import FileFacts, decode, encode
from mllint.readers.config import read


def facts(kind: str, text: str | bytes) -> FileFacts:
    return read(f"x.{kind}", kind, text.encode() if isinstance(text, str) else text)


def tree(kind: str, text: str) -> Value:
    result = facts(kind, text)
    assert result.problems == ()
    assert result.config is not None
    return result.config.documents[0]


def plain(value: Value) -> Any:
    match value.kind:
        case "mapping":
            return {entry.key: plain(entry.value) for entry in value.entries}
        case "sequence":
            return [plain(item) for item in value.items]
        case _:
            return value.value


def codes(kind: str, text: str | bytes) -> list[str]:
    return [problem.code for problem in facts(kind, text).problems]


def find(value: Value, *path: str | int) -> Value:
    for step in path:
        if isinstance(step, int):
            value = value.items[step]
        else:
            value = next(entry.value for entry in value.entries if entry.key == step)
    return value


def slice_of(text: str, value: Value) -> str:
    assert value.line == value.end_line
    return text.split("\n")[value.line - 1][value.column - 1 : value.end_column - 1]


# Line breaks that only YAML knows would make "the same line" mean two things.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff"), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | texts
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


@settings(max_examples=150, deadline=None)
@given(documents, st.sampled_from([None, True, False]))
def test_yaml_tree_equals_safe_load(document: Any, flow: bool | None) -> None:
    text = yaml.safe_dump(document, default_flow_style=flow, allow_unicode=True)
    assert plain(tree("yaml", text)) == yaml.safe_load(text) == document


@settings(max_examples=100, deadline=None)
@given(documents, st.sampled_from([None, 2]))
def test_json_tree_equals_json_loads(document: Any, indent: int | None) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    assert plain(tree("json", text)) == document


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["yaml", "json", "toml", "ini", "env", "gin"]), st.binary(max_size=60) | st.text(max_size=60))
def test_anything_gives_facts_that_can_be_stored(kind: str, data: str | bytes) -> None:
    result = facts(kind, data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
    # `repr`, since NaN is not equal to itself
    assert repr(decode(encode(result))) == repr(result)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(list("{}[]:,&*#-?!|>'\"%@` \n\tabc01.=")), max_size=40).map("".join))
def test_yaml_that_safe_load_accepts_is_accepted(text: str) -> None:
    try:
        expected = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, RecursionError, ValueError):
        return
    result = facts("yaml", text)
    if "*" not in text:
        assert result.problems == ()
        assert result.config is not None
        assert len(result.config.documents) == len(expected)


def test_yaml_1_1_scalars() -> None:
    text = "a: yes\nb: 0x1F\nc: 1_000\nd: 1:30\ne: ~\nf: .inf\ng: 2024-01-01\nh: '1'\ni: !!str 1\nj: 1e3\nk: 017\n"
    expected = yaml.safe_load(text) | {"g": "2024-01-01"}
    assert plain(tree("yaml", text)) == expected


def test_yaml_positions() -> None:
    text = "stages:\n  train:\n    cmd: python train.py\n    deps: [a.csv, 'b c']\n"
    root = tree("yaml", text)
    assert slice_of(text, find(root, "stages", "train", "cmd")) == "python train.py"
    assert slice_of(text, find(root, "stages", "train", "deps", 1)) == "'b c'"
    entry = find(root, "stages").entries[0]
    assert (entry.key, entry.line, entry.column, entry.end_column) == ("train", 2, 3, 8)
    stage = entry.value
    assert (stage.line, stage.end_line, stage.end_column) == (3, 4, 25)


def test_yaml_aliases_and_merge_keys() -> None:
    text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nuse:\n  y: 9\n  <<: [*b, *m]\nagain: *b\n"
    root = tree("yaml", text)
    assert plain(root) == yaml.safe_load(text)
    assert find(root, "use", "x").line == 1


def test_yaml_keys_are_what_was_written_and_the_last_wins() -> None:
    root = tree("yaml", "on: push\n1: a\non: pull\n? [a, b]\n: c\n")
    assert plain(root) == {"on": "pull", "1": "a", "[a, b]": "c"}


def test_yaml_tags_stay() -> None:
    root = tree("yaml", "a: !Ref Bucket\nb: !Sub [x, {y: 1}]\nc: !!python/object/apply:os.system [ls]\n")
    assert find(root, "a").tag == "!Ref"
    assert find(root, "a").value == "Bucket"
    assert find(root, "b").tag == "!Sub"
    assert find(root, "c").tag == "!!python/object/apply:os.system"


def test_yaml_placeholder_is_text() -> None:
    assert plain(tree("yaml", "path: {{ root }}\nname: x\n")) == {"path": "{{ root }}", "name": "x"}


def test_yaml_template_that_is_no_yaml_is_one_problem() -> None:
    result = facts("yaml", "a: 1\nb: {{ x }}/y\n{% if z %}\n")
    assert [(p.code, p.line) for p in result.problems] == [("ML001", 2)]
    assert "Jinja" in result.problems[0].message


def test_yaml_documents_before_an_error_are_kept() -> None:
    result = facts("yaml", "a: 1\n---\nb: 2\n---\n]\n")
    assert result.config is not None
    assert [plain(each) for each in result.config.documents] == [{"a": 1}, {"b": 2}]
    assert [p.code for p in result.problems] == ["ML001"]


ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(9)) + "}\n"
MERGES += "".join(
    f"{name}: &{name}\n  <<: [{', '.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("yaml", ALIASES, "ML005"),
        ("yaml", MERGES, "ML005"),
        ("yaml", "&a [*a]", "ML001"),
        ("yaml", "".join(f"k{n}: 0\n" for n in range(70_000)), "ML005"),
        ("yaml", "a: [" + "x, " * 70_000 + "]", "ML005"),
        ("yaml", "a: [" + "{x: {y: z}}, " * 30_000 + "]", "ML005"),
        ("yaml", "x" * (1 << 20) + "x", "ML003"),
        ("yaml", "[" * 100_000, "ML004"),
        ("yaml", "".join(" " * n + "a:\n" for n in range(200)), "ML004"),
        ("yaml", "- " * 5_000 + "x", "ML004"),
        ("yaml", "a: &a [" + "[" * 40 + "]" * 40 + "]\nb: " + "[" * 40 + "*a" + "]" * 40, "ML004"),
        ("yaml", "a: \x01", "ML001"),
        ("yaml", b"a: \xff", "ML002"),
        ("json", "[" * 100_000, "ML004"),
        ("json", "[" * 100 + "]" * 100, "ML004"),
        ("json", "[" + "1," * 120_000 + "1]", "ML005"),
        ("json", '"\\' * 100_000, "ML001"),
        ("json", "/*" * 100_000, "ML001"),
        ("json", '{"a": 1,\n "b": }', "ML001"),
        ("json", "", "ML001"),
        ("json", "9" * 5_000, "ML005"),
        ("toml", "a = " + "[" * 10_000, "ML004"),
        ("toml", "a." * 100_000 + "a = 1", "ML004"),
        ("toml", "".join(f"k{n} = 0\n" for n in range(20_000)), "ML005"),
        ("toml", "a = 1\nb = = 2", "ML001"),
        ("ini", "x = 1\n", "ML001"),
        ("env", b"A=\xff", "ML002"),
    ],
)
def test_bombs_and_errors_are_one_problem(kind: str, text: str | bytes, code: str) -> None:
    assert codes(kind, text) == [code]


def test_json_positions_comments_and_streams() -> None:
    text = '{\n  "a": [1, "é"], // why\n  "b": {"c": null,},\n}\n{"d": 1}'
    result = facts("json", text)
    assert result.config is not None
    first, second = result.config.documents
    assert plain(first) == {"a": [1, "é"], "b": {"c": None}}
    assert plain(second) == {"d": 1}
    assert slice_of(text, find(first, "a", 1)) == '"é"'
    assert (find(first, "b").line, find(first, "b").column) == (3, 8)
    assert first.entries[1].line == 3


def test_integers_too_wide_for_the_codec_stay_text() -> None:
    assert plain(tree("json", "[18446744073709551616]")) == ["18446744073709551616"]
    assert plain(tree("yaml", "[18446744073709551616]")) == ["18446744073709551616"]


TOML = '''\
title = "x"  # why
[tool.mllint]
select = [
    "ML1",  # one
    "ML2",
]
a.b = { c = 1.5, "d e" = 1979-05-27 07:32:00 }
text = """
[not.a.table]
"""
[[runs]]
n = [[1], [2]]
[[runs]]
n = 2
[runs.deep]
k = true
'''


def test_toml_values_and_positions() -> None:
    root = tree("toml", TOML)
    expected = tomllib.loads(TOML)
    expected["tool"]["mllint"]["a"]["b"]["d e"] = str(expected["tool"]["mllint"]["a"]["b"]["d e"])
    assert plain(root) == expected
    assert slice_of(TOML, find(root, "tool", "mllint", "select", 1)) == '"ML2"'
    assert slice_of(TOML, find(root, "tool", "mllint", "a", "b", "c")) == "1.5"
    assert slice_of(TOML, find(root, "runs", 0, "n", 1, 0)) == "2"
    assert slice_of(TOML, find(root, "runs", 1, "deep", "k")) == "true"
    runs = find(root, "runs", 1)
    assert (runs.entries[0].key, runs.entries[0].line) == ("n", 14)
    assert find(root, "tool").entries[0].line == 2


def test_ini_positions() -> None:
    text = "[options.entry_points]\nconsole_scripts =\n    Run = pkg.mod:main\n[x]\nA: %(b)s\nflag\n"
    root = tree("ini", text)
    assert plain(root) == {
        "options.entry_points": {"console_scripts": "\nRun = pkg.mod:main"},
        "x": {"A": "%(b)s", "flag": None},
    }
    assert slice_of(text, find(root, "x", "A")) == "%(b)s"
    assert find(root, "options.entry_points", "console_scripts").end_line == 3


def test_env() -> None:
    text = "# c\nA=1\nexport B = \"x # y\" # z\nC='q'\nnonsense\nD=a b # c\nE=\n"
    root = tree("env", text)
    assert plain(root) == {"A": "1", "B": "x # y", "C": "q", "D": "a b", "E": ""}
    assert slice_of(text, find(root, "D")) == "a b"


def test_byte_order_marks() -> None:
    assert facts("yaml", b"\xef\xbb\xbfa: 1").config == facts("yaml", "a: 1".encode("utf-16")).config
