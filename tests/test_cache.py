"""The cache never gives facts that reading would not give, whatever stands in it, and never costs a run."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mllint
from mllint import cache as cache_module
from mllint.cache import Cache, cache_folder, key_of
from mllint.discovery import discover
from mllint.errors import Problem
from mllint.executors import executor, map_files
from mllint.facts.file import FileFacts, encode
from mllint.facts.sql import SqlText
from tests.fake_reader import read


def facts(path: str, text: str) -> FileFacts:
    return FileFacts(path, "sql", sql=SqlText(text))


def fill(folder: Path, texts: list[str]) -> dict[bytes, FileFacts]:
    made = {key_of(f"{n}.sql", "sql", text.encode()): facts(f"{n}.sql", text) for n, text in enumerate(texts)}
    with Cache(Path("/repo"), folder) as cache:
        for key, value in made.items():
            cache.put(key, encode(value), ())
    return made


def test_what_was_put_is_there_in_the_next_run(tmp_path: Path) -> None:
    made = fill(tmp_path, ["select 1", "select 2"])
    with Cache(Path("/repo"), tmp_path) as cache:
        assert [cache.get(key) for key in made] == list(made.values())
        assert cache.get(b"x" * 16) is None
        assert (cache.hits, cache.misses) == (2, 1)
    with Cache(Path("/other"), tmp_path) as cache:
        assert cache.get(next(iter(made))) is None


def test_path_kind_bytes_and_code_make_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {key_of("a", "sql", b"x"), key_of("b", "sql", b"x"), key_of("a", "r", b"x"), key_of("a", "sql", b"y")}
    assert len(keys) == 4
    monkeypatch.setattr(cache_module, "version_of_reading", lambda: b"another version")
    assert key_of("a", "sql", b"x") not in keys


def test_the_version_follows_the_code_that_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "readers").mkdir()
    reader = tmp_path / "readers/x.py"
    monkeypatch.setattr(cache_module, "__file__", str(tmp_path / "cache.py"))
    versions = set()
    for code in ("a = 1", "a = 2"):
        reader.write_text(code)
        versions.add(cache_module.version_of_reading.__wrapped__())
    assert len(versions) == 2


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_anywhere_is_a_miss_or_the_right_facts(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = fill(folder, ["select 1", "select 2" * 50, ""])
        (pack,) = folder.glob("*.pack")
        raw = bytearray(pack.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(raw) - 1))
            raw[at] = data.draw(st.integers(0, 255))
        pack.write_bytes(raw[: data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))])
        with Cache(Path("/repo"), folder) as cache:
            for key, value in made.items():
                assert cache.get(key) in (None, value)


def test_one_flipped_bit_in_an_entry_is_a_miss(tmp_path: Path) -> None:
    made = fill(tmp_path, ["select 1"])
    (pack,) = tmp_path.glob("*.pack")
    raw = bytearray(pack.read_bytes())
    raw[raw.index(b"select 1")] ^= 1
    pack.write_bytes(raw)
    with Cache(Path("/repo"), tmp_path) as cache:
        assert cache.get(next(iter(made))) is None


def test_what_depends_on_the_machine_is_not_kept(tmp_path: Path) -> None:
    with Cache(Path("/repo"), tmp_path) as cache:
        cache.put(b"slow", encode(facts("a", "")), (Problem("a", 1, "ML005", "too long"),))
        cache.put(b"wrong", encode(facts("b", "b")), (Problem("b", 1, "ML001", "syntax error"),))
    with Cache(Path("/repo"), tmp_path) as cache:
        assert cache.get(b"slow") is None
        assert cache.get(b"wrong") is not None


def test_a_run_on_a_part_keeps_the_rest_and_the_size_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fill(tmp_path, [str(n) * 1000 for n in range(50)])
    with Cache(Path("/repo"), tmp_path) as cache:
        cache.put(b"new", encode(facts("new", "")), ())
    with Cache(Path("/repo"), tmp_path) as cache:
        assert all(cache.get(key) for key in made)
    monkeypatch.setattr(cache_module, "MAX_PACK", 20_000)
    monkeypatch.setattr(cache_module, "_SPARE", 0)
    with Cache(Path("/repo"), tmp_path) as cache:
        cache.put(b"newer", encode(facts("new", "x" * 5_000)), ())
    (pack,) = tmp_path.glob("*.pack")
    assert pack.stat().st_size < 25_000
    monkeypatch.setattr(cache_module, "MAX_TOTAL", 8_000)
    for number in range(4):
        with Cache(Path(f"/repo{number}"), tmp_path) as cache:
            cache.put(b"k", encode(facts("new", "x" * 3_000)), ())
    assert sum(p.stat().st_size for p in tmp_path.glob("*.pack")) < 15_000


def _full(*_: object) -> None:
    raise OSError("no space left on device")


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with Cache(Path("/repo"), tmp_path / "file" / "below") as cache:
        cache.put(b"k", encode(facts("a", "")), ())
    (tmp_path / "a.pack").mkdir()
    with Cache(Path("/repo"), tmp_path) as cache:  # the disk is full after the first entry
        cache.put(b"k", encode(facts("a", "")), ())
        monkeypatch.setattr(cache_module._Writer, "add", _full)
        cache.put(b"l", encode(facts("b", "")), ())
        cache.put(b"m", encode(facts("c", "")), ())
    monkeypatch.undo()
    with Cache(Path("/repo"), tmp_path) as cache:
        cache._path = tmp_path / "a.pack"
        cache.put(b"k", encode(facts("a", "")), ())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pack", "file"]  # and no half-written file is left


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLLINT_CACHE_DIR", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("MLLINT_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert cache_folder() == tmp_path / "user" / "mllint"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["a.sql", "b.sql", "d/c.sql", "e.csv"]),
                st.sampled_from([None, "BUG\n", "1", "2\n2", "SURROGATE"]),
            ),
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_warm_is_cold_over_any_edits(steps: list[list[tuple[str, str | None]]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root, folder = Path(name) / "repo", Path(name) / "cache"
        (root / "d").mkdir(parents=True)
        for step in steps:
            for path, text in step:
                if text is None:
                    (root / path).unlink(missing_ok=True)
                else:
                    (root / path).write_text(text)
            found = discover(root).found
            cold = list(map_files(root, found, executor(read, 1)))
            with Cache(root, folder) as cache:
                assert list(map_files(root, found, executor(read, 1), cache=cache)) == cold
            with Cache(root, folder) as cache:
                backwards = map_files(root, found[::-1], executor(read, 1), cache=cache)
                assert list(backwards) == cold[::-1]
        assert sorted(os.listdir(root)) == sorted({p.path.split("/")[0] for p in found} | {"d"})


def test_nothing_in_the_source_can_run_what_it_loads() -> None:
    package = Path(mllint.__file__).parent
    banned = re.compile(
        r"^\s*(?:import|from)\s+(?:pickle|marshal|shelve|dill)\b|(?<![\w.])(?:eval|exec)\(", re.MULTILINE
    )
    assert [str(p) for p in package.rglob("*.py") if banned.search(p.read_text())] == []
