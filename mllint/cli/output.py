"""Where a report goes, and how the run shows that it is alive."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from mllint.errors import UsageError

PATIENCE = 1.0  # seconds before a progress bar appears


def deliver(text: str, output: Path | None, root: Path) -> None:
    """Write the report to a file, or to standard output: UTF-8 and `\\n` everywhere, so that bytes do not depend on
    the machine. Who closes the pipe early, as `head` does, has seen enough."""
    if output is not None and str(output) != "-":
        _write_file(text, output, root)
        return
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_file(text: str, output: Path, root: Path) -> None:
    """A link inside the analysed tree could lead anywhere: a pull request may bring `report.json -> ~/.bashrc`."""
    absolute = Path(os.path.abspath(output))
    for part in (absolute, *absolute.parents):
        if part != root and part.is_relative_to(root) and part.is_symlink():
            raise UsageError(f"--output {output}: {part} is a link inside the analysed tree; it is not followed")
    try:
        with open(absolute, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(f"--output {output}: {error.strerror or error}") from None


def is_colourful(output: Path | None) -> bool:
    """Colours on a terminal only, unless FORCE_COLOR asks for them; NO_COLOR forbids them."""
    if output is not None or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def terminal_columns(output: Path | None) -> int | None:
    """The width of the terminal that the report goes to, if it goes to one."""
    if output is not None or not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


@contextmanager
def progress() -> Iterator[Callable[[int, int], None] | None]:
    """A function to call with (done, all): on a terminal it draws a bar on standard error once the run is long."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.close()


class _Bar:
    def __init__(self) -> None:
        self._start = time.monotonic()
        self._rich: Any = None
        self._task: Any = None

    def __call__(self, done: int, total: int) -> None:
        if self._rich is None and time.monotonic() - self._start > PATIENCE:
            from rich.console import Console
            from rich.progress import Progress

            self._rich = Progress(console=Console(stderr=True), transient=True)
            self._task = self._rich.add_task("reading", total=total)
            self._rich.start()
        if self._rich is not None:
            self._rich.update(self._task, completed=done, total=total)

    def close(self) -> None:
        if self._rich is not None:
            self._rich.stop()


def split_list(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """`--select ML7,train-serve-skew --select ML201`: commas and repeats alike."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())
