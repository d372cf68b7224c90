"""Reading outlives what it reads: the same answers from every executor, and one diagnostic for a file that kills."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from effort import calls

from mllint import executors
from mllint.discovery import discover
from mllint.executors import executor, map_files, processes, serial
from mllint.facts.file import FileFacts, decode
from mllint.worker import Done, Task
from tests.fake_reader import read

HERE = Path(__file__).resolve().parent.parent
BAD = {
    "BUG": "ML006",
    "DEEP": "ML004",
    "HANG": "ML005",
    "HANG IN C": "ML005",
    "MEMORY": "ML005",
    "SIGKILL": "ML006",
    "SIGSEGV": "ML006",
    "SURROGATE": "ML002",
    "TALK": "ML005",
}


@pytest.fixture(autouse=True)
def _always_with_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_GRACE", 0.5)


def pool(tasks: list[Task], jobs: int = 2, seconds: float = 1.0, memory: int = 1 << 30) -> dict[int, FileFacts]:
    done = processes(tasks, read, jobs, seconds=seconds, memory=memory, small=-1)
    return {answer.number: decode(answer.encoded) for answer in done}


def tasks_of(*texts: str) -> list[Task]:
    return [Task(number, f"{number}.sql", "sql", text.encode()) for number, text in enumerate(texts)]


@pytest.mark.parametrize("word", BAD)
def test_one_bad_file_costs_one_diagnostic(word: str) -> None:
    texts = [f"select {n}" for n in range(40)]
    texts[17] = word
    facts = pool(tasks_of(*texts))
    assert len(facts) == 40
    assert [(p.path, p.code) for f in facts.values() for p in f.problems] == [("17.sql", BAD[word])]
    for number in set(range(40)) - {17}:
        assert facts[number] == read(f"{number}.sql", "sql", texts[number].encode())


def test_a_hundred_hostile_files_and_a_good_one() -> None:
    texts = (["SIGKILL", "SIGSEGV", "BUG", "MEMORY", "DEEP"] * 20) + ["select 1"]
    facts = pool(tasks_of(*texts), seconds=20.0)
    assert len(facts) == 101
    assert facts[100] == read("100.sql", "sql", b"select 1")
    assert sum(bool(f.problems) for f in facts.values()) == 100


def test_what_a_reader_prints_does_not_come_between_the_answers() -> None:
    facts = pool(tasks_of("PRINT", "select 1"))
    assert not facts[0].problems
    assert facts[1].sql is not None


def test_serial_and_processes_give_the_same_in_the_order_of_the_input(tmp_path: Path) -> None:
    for number in range(120):
        text = "BUG" if number % 40 == 3 else f"select {number}\n" * (1 + 50 * (number % 7))
        (tmp_path / f"{number:03}.sql").write_text(text)
    found = discover(tmp_path).found
    alone = list(map_files(tmp_path, found, executor(read, 1)))
    assert [facts.path for facts in alone] == [file.path for file in found]
    for jobs in (2, 3):
        assert list(map_files(tmp_path, found, lambda tasks, j=jobs: processes(tasks, read, j, small=-1))) == alone
    assert list(map_files(tmp_path, found[::-1], executor(read, 2))) == alone[::-1]


@pytest.mark.parametrize("levels", [900, 1100])
def test_what_is_too_deep_does_not_depend_on_the_caller(levels: int) -> None:
    tasks = tasks_of(f"NEST\n{levels}")

    def at_depth(depth: int) -> FileFacts:
        return at_depth(depth - 1) if depth else decode(next(serial(tasks, read)).encoded)

    limit = sys.getrecursionlimit()
    expected = pool(tasks)[0]
    assert bool(expected.problems) == (levels > 1000)
    assert at_depth(0) == at_depth(500) == expected
    assert sys.getrecursionlimit() == limit


def test_small_work_starts_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    assert len(list(processes(tasks_of("a", "b"), read, 2))) == 2


def test_without_processes_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no processes here")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert pool(tasks_of("select 1", "BUG"))[0].sql is not None


def test_serial_stops_a_file_that_takes_too_long() -> None:
    hang, good = serial(tasks_of("HANG", "select 1"), read, 0.3)
    assert [p.code for p in decode(hang.encoded).problems] == ["ML005"]
    assert not decode(good.encoded).problems


def test_a_file_that_is_gone_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("a")
    (tmp_path / "b.sql").write_text("b")
    found = discover(tmp_path).found
    (tmp_path / "a.sql").unlink()
    gone, good = map_files(tmp_path, found, executor(read, 1))
    assert [p.code for p in gone.problems] == ["ML002"]
    assert good.sql is not None


def test_an_unsaved_text_stands_for_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("old")
    (facts,) = map_files(tmp_path, discover(tmp_path).found, executor(read, 1), overlay={"a.sql": b"new"})
    assert facts.sql is not None
    assert facts.sql.text == "new"


def test_stopping_early_leaves_no_process_and_no_thread() -> None:
    before = threading.active_count()
    answers: Iterator[Done] = processes(tasks_of(*["select 1"] * 500), read, 2, small=-1)
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_worker_killed_from_outside_costs_nothing() -> None:
    answers = processes(tasks_of(*[f"select {n}" for n in range(2000)]), read, 2, small=-1)
    facts = [decode(next(answers).encoded)]
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    for child in children.read_text().split() if children.exists() else []:
        os.kill(int(child), 9)
    facts += [decode(answer.encoded) for answer in answers]
    assert len(facts) == 2000
    assert not any(f.problems for f in facts)


def test_a_worker_imports_nothing_from_the_current_folder(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    trap = f"open({str(marker)!r}, 'w').close()\n"
    for name in ("yaml", "json", "msgspec", "mllint", "sitecustomize", "usercustomize", "multiprocessing", "encodings"):
        (tmp_path / f"{name}.py").write_text(trap)
    script = (
        "import os, sys\n"
        "from tests.fake_reader import read\n"
        "from mllint.executors import processes\n"
        "from mllint.worker import Task\n"
        f"os.chdir({str(tmp_path)!r}); sys.path.insert(0, ''); sys.path.insert(0, {str(tmp_path)!r})\n"
        "print(len(list(processes([Task(0, 'a', 'sql', b'x')], read, 2, small=-1))))\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{HERE}", "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, cwd=HERE)
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert not marker.exists()


def test_cost_grows_with_the_input_alone() -> None:
    def cost(files: int) -> int:
        return calls(lambda: list(serial(tasks_of(*["select 1\n" * 200] * files), read)))

    assert 0 < cost(800) < 3 * cost(400)
