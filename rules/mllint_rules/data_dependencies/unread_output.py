"""ML212: a dataset or artifact is written in the repository and nothing reads, serves or declares it.

train.to_parquet("data/train.parquet")     # read by train.py
extra.to_parquet("data/extra.parquet")     # the finding: nobody reads it
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from posixpath import basename, dirname, splitext

from mllint.rule import Access, Context, Finding, Label, Lineage, Rule, Span, is_report, is_test
from mllint_rules.data_dependencies.reach import Reach

_FOR_PEOPLE = {  # and their plurals
    "alert", "analysis", "archive", "audit", "backup", "cache", "checkpoint", "ckpt", "config", "confusion",
    "dashboard", "demo", "drift", "error", "example", "export", "fig", "figure", "forecast", "history",
    "importance", "info", "kpi", "log", "manifest", "matrix", "metadata", "metric", "output", "params", "plot",
    "pred", "prediction", "preview", "profile", "report", "result", "roc", "sample", "score", "scorecard",
    "scored", "statistics", "stats", "status", "submission", "submit", "summary", "table", "temp", "tmp",
}  # fmt: skip
_SHOWN = {".xlsx", ".xls", ".html", ".tex", ".docx", ".pptx", ".gif", ".mp4", ".wav", ".log", ".yaml", ".yml", ".toml",
          ".py", ".sh", ".md", ".rst", ".ipynb", ".cfg", ".ini", ".env", ".js", ".css", ".tf", ".j2"}  # fmt: skip


_WHOLE = (".parquet", ".orc")  # nobody keeps a log in these


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each unread file or table whose writer also writes what others do read: the writer is part of a
    path that is in sight, and this output is not."""
    accesses = lineage.observations.accesses
    read = {access.id for access in accesses if access.is_read}
    writes: dict[str, list[Access]] = defaultdict(list)
    for access in accesses:
        if not access.is_read and "{" not in access.id and "*" not in access.id:
            writes[access.id].append(access)
    reach = Reach(lineage, read)
    live = {write.job: id for id in sorted(writes) if reach.is_read(id) for write in writes[id]}
    found: dict[Span, list[str]] = defaultdict(list)
    for id in sorted(writes):
        is_kept = _is_for_code(id) and not _is_by_hand(lineage, writes[id]) and not reach.may_be_read(id, writes[id])
        if is_kept and live.keys() & {write.job for write in writes[id]}:
            found[min(write.called for write in writes[id])].append(id)
    for span in sorted(found):
        first = min(writes[found[span][0]], key=lambda access: access.called)
        beside = next(live[write.job] for write in writes[found[span][0]] if write.job in live)
        yield _finding(lineage, found[span], first, beside, writes)


def _is_for_code(id: str) -> bool:
    """Whether what is written is meant for code to read, as far as its name tells. Words only ever silence."""
    is_inside = id.startswith("file:") and not id.startswith("file:/")  # who reads the rest of a machine?
    if not (is_inside or "://" in id) or is_report(id):
        return False
    stem, ending = splitext(basename(id.removeprefix("file:")).lower())
    words = re.split(r"[^a-z]+", f"{stem} {basename(dirname(id.lower()))}")
    words += [word.removesuffix("s") for word in words]
    return bool(ending) and ending not in _SHOWN and _FOR_PEOPLE.isdisjoint(words)


def _is_by_hand(lineage: Lineage, writes: list[Access]) -> bool:
    """Tests, notebooks, commands with arguments that nothing in the repository calls, and what only grows: a log."""
    scripts = {script.path: script for script in lineage.observations.scripts}
    for write in writes:
        script = scripts.get(write.job)
        if (
            (write.adds and not write.id.endswith(_WHOLE))
            or is_test(write.called.path)
            or is_test(write.job)
            or write.job.endswith(".ipynb")
        ):
            return True
        if script is not None and script.takes_arguments and not script.runners:
            return True
    return False


def _finding(lineage: Lineage, ids: list[str], first: Access, beside: str, writes: dict[str, list[Access]]) -> Finding:
    shown = _name(lineage, ids[0]) + (f" (and {len(ids) - 1} more of its kind)" if len(ids) > 1 else "")
    other = min(write.called for write in writes[beside])
    return Finding(
        message=f"{shown} is written, and nothing in the repository reads, serves or declares it: it costs time and "
        "space, and whoever changes it cannot know for whom it is",
        help="delete the write, or declare in mllint.yaml which consumer reads it",
        span=first.called,
        label="nobody reads it",
        related=[Label(other, f"{_name(lineage, beside)}, from the same job, is read")],
        nodes=[id for id in ids if id in lineage.graph.nodes],
        confidence="likely" if any(gap.is_read and not gap.node for gap in lineage.coverage.gaps) else "proven",
    )


def _name(lineage: Lineage, id: str) -> str:
    return f"`{lineage.graph.nodes[id].name if id in lineage.graph.nodes else id}`"


RULE = Rule(
    code="ML212",
    name="unread-output",
    summary="a dataset or artifact is written in the repository and nothing reads, serves or declares it",
    severity="info",
    check=check,
    stable=False,  # docs/precision.md tells how often it was right
)
