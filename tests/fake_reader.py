"""A reader for tests: the content of a file says how its reading goes wrong."""

from __future__ import annotations

import os
import signal
import time

from mllint.facts.file import FileFacts
from mllint.facts.sql import SqlText


def read(path: str, kind: str, data: bytes) -> FileFacts:
    match data.split(b"\n", 1)[0]:
        case b"SIGKILL":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"SIGSEGV":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"HANG":
            while True:
                pass
        case b"HANG IN C":  # no signal handler of Python's runs
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
            time.sleep(3600)
        case b"MEMORY":
            return FileFacts(path, kind, sql=SqlText("x" * (1 << 40)))
        case b"SURROGATE":
            return FileFacts(path, kind, sql=SqlText("\ud800"))
        case b"DEEP":
            return read(path, kind, data)
        case b"TALK":
            return FileFacts(path, kind, sql=SqlText("x" * (65 << 20)))
        case b"NEST":
            _nest(int(data.split(b"\n")[1]))
        case b"PRINT":
            print("noise between the answers", flush=True)
            os.write(1, b"more noise")
        case b"BUG":
            raise KeyError("some bug")
    return FileFacts(path, kind, lines=data.count(b"\n"), sql=SqlText(data.decode()))


def _nest(levels: int) -> None:
    if levels:
        _nest(levels - 1)
