"""What every test shares: where commands are found, and the count of known misses at the end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.cases import read_page

ROOT = Path(__file__).parent.parent


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Known misses and false alarms are counted and shown, never left out."""
    pages = sorted((ROOT / "fixtures" / "rules").glob("*.md"))
    marks = [mark for page in pages for case in read_page(page.read_text("utf-8")) for mark in case.marks]
    todo = Counter(mark.kind for mark in marks if mark.kind.startswith("todo-"))
    if marks:
        terminalreporter.write_line(
            f"cases: {len(marks)} marks, {todo['todo-error']} known misses (todo-error), "
            f"{todo['todo-ok']} known false alarms (todo-ok)"
        )
