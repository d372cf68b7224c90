"""ML211: two jobs write the same dataset or artifact, so that a reader gets what ran last.

joblib.dump(forest, "models/churn.joblib")     # train_forest.py
joblib.dump(booster, "models/churn.joblib")    # train_booster.py: the finding
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from posixpath import commonpath, dirname

from mllint.rule import (
    Access,
    Context,
    Finding,
    Label,
    Lineage,
    ModelLabel,
    Rule,
    Span,
    ends,
    is_report,
    is_test,
    name,
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each dataset or artifact with several writers and a reader."""
    accesses = defaultdict(list)
    for access in lineage.observations.accesses:
        known = "{" not in access.id and "*" not in access.id
        in_test = any(is_test(path) for path in (access.called.path, access.span.path, access.job))
        if known and not in_test and not is_report(access.id):
            accesses[access.id].append(access)
    for id, found in sorted(accesses.items()):
        writers = _writers(lineage, id, found)
        if len(writers) > 1:
            readers = _readers(lineage, id, found, writers)
            if readers:
                yield _finding(lineage, id, writers, readers[0])
    yield from _labels(lineage)


def _writers(lineage: Lineage, id: str, accesses: list[Access]) -> list[Access]:
    """The first overwriting access of each script, in path order; none where any may add, or the order is declared."""
    writes = [access for access in accesses if not access.is_read]
    if (not id.startswith(("file:", "table:")) and "://" not in id) or any(write.adds for write in writes):
        return []
    by_script: dict[str, Access] = {}
    for write in sorted(writes, key=lambda access: _order(access.called)):
        by_script.setdefault(write.called.path, write)
    found = list(by_script.values())
    jobs = {access.job for access in accesses if access.is_read}
    own = {access.called.path for access in accesses if access.is_read}
    if any(write.job in jobs or write.called.path in own for write in found):
        return []  # the later one reads what it rewrites, or each takes its own
    if len({write.made or str(write.called) for write in found}) < 2:
        return []  # one function makes it, and is started in several ways
    if len({write.job for write in found}) < 2 or _is_ordered(lineage, found) or _is_apart(id, found, own):
        return []
    return found


def _is_ordered(lineage: Lineage, writers: list[Access]) -> bool:
    """Whether one file (a Makefile, a workflow, a DAG) starts both, and so says which comes last."""
    started = [
        {runner.path for script in lineage.observations.scripts for runner in script.runners if script.path == path}
        for path in (write.job for write in writers)
    ]
    return bool(set.intersection(*started)) if started else False


def _is_apart(id: str, writers: list[Access], readers: set[str]) -> bool:
    """Whether scripts of two projects in one repository name a file each in its own folder: `data/train.csv`, written
    and read in `courses/bento/`, and in `courses/zen/`, is two files."""
    path = id.removeprefix("file:")
    if not id.startswith("file:") or path.startswith("/"):
        return False
    common = commonpath([dirname(write.called.path) or "." for write in writers]).lstrip(".")
    below = {write.called.path[len(common) :].strip("/").partition("/")[0] for write in writers}
    projects = {f"{common}/{name}/".lstrip("/") for name in below}
    inside = common and path.startswith(common + "/")
    return not inside and len(projects) > 1 and all(any(r.startswith(p) for r in readers) for p in projects)


def _readers(lineage: Lineage, id: str, accesses: list[Access], writers: list[Access]) -> list[Span]:
    """Where others read it."""
    writing = {write.called.path for write in writers}
    found = {access.called for access in accesses if access.is_read and access.called.path not in writing}
    return sorted(found, key=_order)


def _order(span: Span) -> tuple[str, int, int, int]:
    return (span.path, span.cell or 0, span.line, span.column)


def _finding(lineage: Lineage, id: str, writers: list[Access], reader: Span) -> Finding:
    first, *_, last = writers
    return Finding(
        message=f"{name(lineage.graph, id)} is written here and by `{first.called.path}`: `{reader.path}` gets what "
        "ran last, and nothing says which that is",
        help="give each its own name, and let the reader name the one it means; or make one job out of both",
        span=last.called,
        label="overwrites it",
        related=[
            *(Label(writer.called, "writes it too") for writer in writers[:-1]),
            Label(reader, "reads it"),
        ],
        nodes=[id],
        reaches=ends(lineage.graph, [id]),
    )


def _labels(lineage: Lineage) -> Iterator[Finding]:
    """One stage or alias of a model that two scripts set, where something loads it."""
    groups: dict[tuple[str, str], dict[str, ModelLabel]] = defaultdict(dict)
    for label in sorted(lineage.observations.labels, key=lambda label: _order(label.span)):
        if "{" not in label.model + label.label and not is_test(label.span.path):
            groups[label.model, label.label.lower()].setdefault(label.span.path, label)
    for (model, word), setters in sorted(groups.items()):
        loads = [
            access.called
            for access in lineage.observations.accesses
            if access.is_read and access.id == model and access.revision.lower() == word
        ]
        if len(setters) > 1 and loads and len({setter.job for setter in setters.values()}) > 1:
            first, *_, last = setters.values()
            reader = min(loads, key=_order)
            yield Finding(
                message=f"`{last.label}` of {name(lineage.graph, model)} is set here and by `{first.span.path}`: "
                f"`{reader.path}` gets what ran last, and nothing says which that is",
                help="let one job decide which version the alias names, or give each job an alias of its own",
                span=last.span,
                label="sets the same alias",
                related=[Label(first.span, "sets it too"), Label(reader, "loads it")],
                nodes=[model],
                reaches=ends(lineage.graph, [model]),
            )


RULE = Rule(
    code="ML211",
    name="many-writers",
    summary="two jobs write the same dataset or artifact",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
