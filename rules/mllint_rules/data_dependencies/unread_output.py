"""ML212: a dataset or artifact is written in the repository and nothing reads, serves or declares it.

train.to_parquet("data/train.parquet")     # read by train.py
extra.to_parquet("data/extra.parquet")     # the finding: nobody reads it
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from posixpath import basename, dirname, splitext

from mllint.rule import Access, Context, Finding, Label, Lineage, Rule, Span, dataset_of, is_report, is_seen, is_test

_FOR_PEOPLE = {
    "submission", "submissions", "submit", "prediction", "predictions", "preds", "pred", "result", "results", "output",
    "outputs", "forecast", "forecasts", "history", "plot", "plots", "figure", "figures", "fig", "stats", "statistics",
    "importance", "importances", "score", "scores", "scored", "sample", "samples", "example", "examples", "demo",
    "preview", "checkpoint", "checkpoints", "ckpt", "backup", "archive", "cache", "log", "logs", "info", "audit",
    "analysis", "profile", "dashboard", "export", "exports", "tmp", "temp", "error", "errors", "config", "params",
    "matrix", "confusion", "scorecard", "scorecards", "metric", "metrics", "report", "reports", "kpi", "kpis",
    "summary", "table", "tables", "roc", "alert", "alerts", "drift", "status", "metadata", "manifest",
}  # fmt: skip
_SHOWN = {".xlsx", ".xls", ".html", ".tex", ".docx", ".pptx", ".gif", ".mp4", ".wav", ".log", ".yaml", ".yml", ".toml"}


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
    reach = _Reach(lineage, read)
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


class _Reach:
    """Who reads what, as far as anybody can tell."""

    def __init__(self, lineage: Lineage, read: set[str]) -> None:
        self.lineage = lineage
        self.read = read
        self.open = {gap.node.partition(":")[2] for gap in lineage.coverage.gaps if gap.is_read and gap.node}
        self.open |= {id.partition(":")[2] for id in read if "{" in id or "*" in id}
        self.words = set(lineage.observations.supplied)

    def is_read(self, id: str) -> bool:
        graph = self.lineage.graph
        ids = (id, *graph.columns(id))
        onward = any(is_seen(edge) and dataset_of(edge.target) != id for each in ids for edge in graph.out_edges(each))
        return id in self.read or onward

    def may_be_read(self, id: str, writes: list[Access]) -> bool:
        """Whether something reads it, declares to, or names it or a folder of it somewhere else."""
        graph, path = self.lineage.graph, id.partition(":")[2]
        if self.is_read(id) or graph.out_edges(id):
            return True
        if any(fnmatchcase(id, pattern) for entry in self.lineage.declarations.entries for pattern in entry.reads):
            return True
        if any(_matches(pattern, path) for pattern in self.open):
            return True
        base = basename(path)
        above = {path, base}
        while "/" in path:
            path = dirname(path) if dirname(path) != path else ""
            above.add(path)
        if above & (self.words | {each.partition(":")[2] for each in self.read}) - {""}:
            return True
        return self._is_named_elsewhere(id, base, writes)

    def _is_named_elsewhere(self, id: str, base: str, writes: list[Access]) -> bool:
        """Being listed as an output of a stage is no reading; listed twice, a later stage depends on it."""
        writers = {path for write in writes for path in (write.called.path, write.span.path)}
        node = self.lineage.graph.nodes.get(id)
        if node is not None and sum(span.path.endswith("dvc.yaml") for span in node.spans) > 1:
            return True
        for mention in self.lineage.observations.mentions:
            own = len({write.called for write in writes if write.called.path == mention.path})
            if mention.name != base or mention.path.endswith((".dvc", "dvc.yaml", "dvc.lock")):
                continue
            if mention.path not in writers or mention.times > max(own, 1):
                return True
        return False


def _matches(pattern: str, path: str) -> bool:
    """Whether a name of which parts are unknown may be that path; nothing but unknown parts tells nothing."""
    known = re.sub(r"\{[^{}]*\}|\*", "", pattern).strip("/. ")
    if not known:
        return False
    parts = [re.escape(part) for part in re.split(r"\{[^{}]*\}|\*+", pattern)]
    loose = ".*".join(parts)
    return re.fullmatch(f"(?:.*/)?{loose}(?:/.*)?", path) is not None


def _is_for_code(id: str) -> bool:
    """Whether what is written is meant for code to read, as far as its name tells. Words only ever silence."""
    if not (id.startswith("file:") or "://" in id) or is_report(id):
        return False
    stem, ending = splitext(basename(id).lower())
    words = set(re.split(r"[^a-z]+", stem)) | set(re.split(r"[^a-z]+", basename(dirname(id.lower()))))
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
    stable=False,
)
