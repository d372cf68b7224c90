"""What reads one file after another, in this process or in a worker of `mllint.executors`, within time and memory.

A worker is a fresh interpreter that sees bytes alone: it opens no file of the analysed tree, and knows no `sys.path`
but the one it is given, in which the current folder (which may be the analysed one) is missing.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import BinaryIO

import msgspec

from mllint.errors import OutOfTime, Problem
from mllint.facts.file import FileFacts, encode

Reader = Callable[[str, str, bytes], FileFacts]

SECONDS = 30.0  # that one file may take
FRAMES = 1_000  # of nested calls that a reader has for itself
MAX_FACTS = 64 << 20  # bytes of encoded facts of one file
MEMORY = 2 << 30  # bytes of data that a worker may hold


class Task(msgspec.Struct, frozen=True, array_like=True, gc=False):
    number: int
    path: str
    kind: str
    data: bytes


class Done(msgspec.Struct, frozen=True, array_like=True, gc=False):
    number: int
    encoded: bytes  # the facts, as `facts.file.encode` writes them


_tasks = msgspec.msgpack.Decoder(list[Task])


def run(task: Task, reader: Reader, seconds: float = SECONDS) -> Done:
    """Read one file. Facts that cannot be encoded are a problem of that file, as any other failure is."""
    path, kind = task.path, task.kind
    try:
        with _time_limit(seconds), _depth_limit(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the analysed file's, such as invalid escape sequences
            encoded = encode(reader(path, kind, task.data))
        if len(encoded) <= MAX_FACTS:
            return Done(task.number, encoded)
        problem = Problem(path, 1, "ML005", "the file says more than mllint keeps of one file")
    except OutOfTime:
        problem = Problem(path, 1, "ML005", "reading the file took too long")
    except MemoryError:
        problem = Problem(path, 1, "ML005", "reading the file took too much memory")
    except RecursionError:
        problem = Problem(path, 1, "ML004", "the file is nested too deeply")
    except UnicodeEncodeError:  # "\ud800" in JSON or Python: half a character, which no text can hold
        problem = Problem(path, 1, "ML002", "the file holds half a surrogate pair")
    except Exception as error:
        problem = Problem(path, 1, "ML006", f"mllint's reader failed: {type(error).__name__}")
    return failed(task, problem)


def failed(task: Task, problem: Problem) -> Done:
    return Done(task.number, encode(FileFacts(task.path, task.kind, problems=(problem,))))


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block after so long. Only the main thread of a Unix process can be reached so; elsewhere
    the executor's own watch over its workers is the limit."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _depth_limit() -> Iterator[None]:
    """The same room for recursion whoever calls: a file must not be too deep in a test or an editor, whose own stack
    is deep, and right in a worker."""
    depth, frame = 0, sys._getframe()
    while (above := frame.f_back) is not None:
        depth, frame = depth + 1, above
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + FRAMES)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _out_of_time(number: int, frame: FrameType | None) -> None:
    raise OutOfTime


# ------------------------------------------------------------------------------------------ the worker process


def main(reader: str, seconds: float, memory: int) -> None:
    """Answer each list of tasks on standard input with one `Done` after another on standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not come between the answers
    _limit_memory(memory)
    gc.disable()
    module, _, name = reader.partition(":")
    function: Reader = getattr(importlib.import_module(module), name)
    gc.freeze()
    write_frame(answers, b"ready")
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        for task in _tasks.decode(frame):
            write_frame(answers, msgspec.msgpack.encode(run(task, function, seconds)))


def _limit_memory(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    # Linux counts private writable maps as data; address space would count what libraries only reserve.
    which = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (memory, resource.getrlimit(which)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def write_frame(stream: BinaryIO, data: bytes) -> None:
    stream.write(len(data).to_bytes(8, "little"))
    stream.write(data)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame; `None` where the stream ends, even in the middle of one."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    size = int.from_bytes(head, "little")
    data = stream.read(size)
    return data if len(data) == size else None
