"""Where reading runs: in this process, or in workers that outlive nothing but a good file.

Strangers' files can kill a process (a native parser that overflows its stack, the kernel short of memory), and one
killed worker breaks a whole ProcessPoolExecutor. So workers are our own: each is a fresh interpreter behind two pipes,
served by one thread. When it dies, the first file that it has not answered for is tried again alone; a second death
makes that file's ML006, and the others go on.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from mllint.cache import Cache, key_of
from mllint.discovery import Found, read_found
from mllint.errors import Problem
from mllint.facts.file import FileFacts, decode
from mllint.files import trusted_path
from mllint.worker import MEMORY, SECONDS, Done, Reader, Task, failed, read_frame, run, write_frame

SMALL = 200_000  # bytes to read for which starting workers does not pay
_NATIVE = frozenset({"scala", "java", "julia", "javascript", "cpp"})  # parsed in C: never in this process by choice
_CHUNK_BYTES = 256_000
_CHUNK_FILES = 32
_GRACE = 5.0  # seconds after the time limit in which a worker may still answer by itself

Executor = Callable[[Iterable[Task]], Iterator[Done]]  # answers in any order


def map_files(
    root: Path,
    found: list[Found],
    execute: Executor,
    *,
    cache: Cache | None = None,
    overlay: Mapping[str, bytes] | None = None,
    deadline: float = math.inf,
) -> Iterator[FileFacts]:
    """The facts of each file, in the order given. What the cache holds is not read again; bytes in `overlay` (path ->
    the unsaved text of an editor, or standard input) stand for those on disk. What would be begun after `deadline`, a
    time of `time.monotonic`, is not read, and has a problem that says so."""
    ready: dict[int, FileFacts] = {}
    keys: dict[int, bytes] = {}
    at = 0
    for done in execute(_to_read(_load(root, found, overlay or {}, ready), ready, keys, cache, deadline)):
        file = found[done.number]
        ready[done.number] = facts = _decoded(file, done)
        if cache is not None:
            cache.put(keys.pop(done.number), done.encoded, facts.problems)
        while at in ready:
            yield ready.pop(at)
            at += 1
    for number in range(at, len(found)):
        yield ready.pop(number)


def _load(root: Path, found: list[Found], overlay: Mapping[str, bytes], ready: dict[int, FileFacts]) -> Iterator[Task]:
    for number, file in enumerate(found):
        try:
            data = overlay[file.path] if file.path in overlay else read_found(root, file)
        except OSError as error:
            problem = Problem(file.path, 1, "ML002", f"the file cannot be read: {error.strerror or error}")
            ready[number] = FileFacts(file.path, file.kind, problems=(problem,))
        else:
            yield Task(number, file.path, file.kind, data)


def _to_read(
    tasks: Iterator[Task], ready: dict[int, FileFacts], keys: dict[int, bytes], cache: Cache | None, deadline: float
) -> Iterator[Task]:
    """The tasks that the cache does not answer, as long as there is time."""
    for task in tasks:
        if cache is not None:
            key = key_of(task.path, task.kind, task.data)
            if (facts := cache.get(key)) is not None:
                ready[task.number] = facts
                continue
            keys[task.number] = key
        if time.monotonic() > deadline:
            keys.pop(task.number, None)
            problem = Problem(task.path, 1, "ML005", "the run took too long: the file was not read")
            ready[task.number] = FileFacts(task.path, task.kind, problems=(problem,))
            continue
        yield task


def _decoded(file: Found, done: Done) -> FileFacts:
    try:
        return decode(done.encoded)
    except (RecursionError, msgspec.MsgspecError):
        return FileFacts(
            file.path, file.kind, problems=(Problem(file.path, 1, "ML004", "the file is nested too deeply"),)
        )


def executor(reader: Reader, jobs: int | None = None, *, seconds: float = SECONDS, memory: int = MEMORY) -> Executor:
    """The executor for so many jobs (default: one per core, two at least, for a worker protects this process).

    `reader` must be a function of a module, since workers import it by name.
    """
    if jobs is None:
        jobs = max(2, min(os.cpu_count() or 1, 16))
    if jobs <= 1:
        return lambda tasks: serial(tasks, reader, seconds)
    return lambda tasks: processes(tasks, reader, jobs, seconds=seconds, memory=memory)


def serial(tasks: Iterable[Task], reader: Reader, seconds: float = SECONDS) -> Iterator[Done]:
    for task in tasks:
        yield run(task, reader, seconds)


def processes(
    tasks: Iterable[Task], reader: Reader, jobs: int, *, seconds: float = SECONDS, memory: int = MEMORY,
    small: int = SMALL,
) -> Iterator[Done]:  # fmt: skip
    """Read in worker processes, unless all there is to read is small, and read by Python's own parsers."""
    tasks = iter(tasks)
    first: list[Task] = []
    size = 0
    while size <= small and not (first and first[-1].kind in _NATIVE):
        if (task := next(tasks, None)) is None:
            yield from serial(first, reader, seconds)
            return
        first.append(task)
        size += len(task.data)
    pool = _Pool(reader, jobs, seconds, memory)
    try:
        yield from pool.map(_chunks(itertools.chain(first, tasks)))
    finally:
        pool.close()


def _chunks(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    chunk: list[Task] = []
    size = 0
    for task in tasks:
        chunk.append(task)
        size += len(task.data)
        if size >= _CHUNK_BYTES or len(chunk) >= _CHUNK_FILES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


class _Pool:
    """So many workers, each with its thread. Threads take chunks from `_todo` and put answers in `_answers`; a `None`
    among the answers says that a chunk is finished."""

    def __init__(self, reader: Reader, jobs: int, seconds: float, memory: int) -> None:
        self._todo: queue.SimpleQueue[list[Task] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Done | BaseException | None] = queue.SimpleQueue()
        self._workers = [_Worker(reader, seconds, memory) for _ in range(jobs)]
        self._threads = [threading.Thread(target=self._serve, args=(w,), daemon=True) for w in self._workers]
        for thread in self._threads:
            thread.start()

    def map(self, chunks: Iterator[list[Task]]) -> Iterator[Done]:
        waiting = 0
        for chunk in itertools.islice(chunks, 2 * len(self._workers)):
            self._todo.put(chunk)
            waiting += 1
        while waiting:
            match self._next_answer():
                case None:
                    waiting -= 1
                    if (following := next(chunks, None)) is not None:
                        self._todo.put(following)
                        waiting += 1
                case Done() as done:
                    yield done
                case BaseException() as error:
                    raise error

    def _next_answer(self) -> Done | BaseException | None:
        while True:
            try:
                return self._answers.get(timeout=0.2)
            except queue.Empty:
                for worker in self._workers:
                    worker.kill_if_late()

    def _serve(self, worker: _Worker) -> None:
        try:
            while (chunk := self._todo.get()) is not None:
                for done in worker.read(chunk):
                    self._answers.put(done)
                self._answers.put(None)
        except BaseException as error:  # a bug of this module: show it where `map` is waiting
            self._answers.put(error)

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
        for _ in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.stop()


class _Worker:
    """One worker process, started when there is work, and started anew when it has died."""

    def __init__(self, reader: Reader, seconds: float, memory: int) -> None:
        self._reader = reader
        self._limits = (seconds, memory)
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline = float("inf")
        self._was_late = False
        self._closed = False

    def read(self, chunk: list[Task]) -> Iterator[Done]:
        pending = deque(chunk)
        suspect: Task | None = None  # the file on which a worker has died once
        while pending and not self._closed:
            if self._process is None and not self._start():
                # No processes to be had here at all (a sandbox, an embedded Python).
                yield run(pending.popleft(), self._reader, self._limits[0])
                continue
            for done in self._answers([suspect] if suspect is pending[0] else list(pending)):
                pending.popleft()
                yield done
            if self._process is not None or not pending:
                continue
            culprit = pending[0]
            if self._was_late:
                yield failed(pending.popleft(), Problem(culprit.path, 1, "ML005", "reading the file took too long"))
            elif suspect is culprit:
                yield failed(pending.popleft(), Problem(culprit.path, 1, "ML006", "reading the file killed the reader"))
            else:
                suspect = culprit

    def _answers(self, tasks: list[Task]) -> Iterator[Done]:
        """The answers of the process, until all are there or it has died."""
        process = self._process
        assert process is not None
        self._was_late = False
        self._set_deadline()
        try:
            write_frame(process.stdin, msgspec.msgpack.encode(tasks))  # type: ignore[arg-type]
            for _ in tasks:
                if (frame := read_frame(process.stdout)) is None:  # type: ignore[arg-type]
                    self.stop()
                    return
                yield _done.decode(frame)
                self._set_deadline()
        except (OSError, ValueError):  # the pipe broke while we were writing
            self.stop()
        finally:
            self._deadline = float("inf")

    def _set_deadline(self) -> None:
        self._deadline = time.monotonic() + self._limits[0] + _GRACE

    def _start(self) -> bool:
        reader = f"{self._reader.__module__}:{self._reader.__qualname__}"
        if not sys.executable or hasattr(sys, "frozen"):
            return False
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, os.pathsep.join(_search_path(self._reader)), reader,
                 *map(str, self._limits)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us alone; `close` ends the workers
            )  # fmt: skip
        except OSError:
            return False
        self._set_deadline()
        ready = read_frame(self._process.stdout)  # type: ignore[arg-type]
        self._deadline = float("inf")
        if ready is None:
            self.stop()
            raise RuntimeError("a worker process of mllint did not start")
        return True

    def kill_if_late(self) -> None:
        """Called from another thread, which then finds the end of the process's output."""
        process = self._process
        if process is not None and time.monotonic() > self._deadline:
            self._was_late = True
            process.kill()

    def close(self) -> None:
        """Called from another thread: no more files."""
        self._closed = True
        if (process := self._process) is not None:
            process.kill()

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
            process.wait()


_done = msgspec.msgpack.Decoder(Done)
_BOOT = (
    "import os, sys; sys.path[:] = sys.argv[1].split(os.pathsep); "
    "from mllint.worker import main; main(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))"
)


def _search_path(reader: Reader) -> list[str]:
    return trusted_path(homes=("mllint", reader.__module__.partition(".")[0]))
