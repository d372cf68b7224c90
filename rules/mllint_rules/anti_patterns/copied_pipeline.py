"""ML408: preparation or training code stands in two or more scripts with small edits.

train_be.py                     train_nl.py           # the finding: 20 statements, one of them edited
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from posixpath import dirname, splitext

from mllint.rule import Context, Copy, Finding, Label, Lineage, Rule, is_test

_OF_OTHERS = {
    "third_party", "thirdparty", "3rdparty", "3rd_party", "vendor", "vendored", "_vendor", "vendors", "external",
    "externals", "extern", "submodules", "site-packages", "upstream",
}  # fmt: skip
_LICENCE = re.compile(r"(licen[cs]e|copying)([.-][a-z0-9.-]+)?", re.IGNORECASE)
_RUN = re.compile(r"[._ -]?(executed|nbconvert|papermill|output|out|rendered|run)")


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each cluster of files that copy each other, at the file that is last by path."""
    least, share = context.options["min-statements"], context.options["min-equal"]
    licensed = {dirname(path) for path in lineage.shipped if _LICENCE.fullmatch(path.rpartition("/")[2])} - {""}
    copies = [
        copy for copy in lineage.observations.copies
        if copy.statements >= least and copy.equal >= share * copy.statements
        and not (is_test(copy.first.path) or is_test(copy.second.path))
        and not (_is_of_others(copy.first.path, licensed) or _is_of_others(copy.second.path, licensed))
        and not _is_run_of(copy.first.path, copy.second.path)
    ]  # fmt: skip
    clusters: dict[str, set[str]] = {}
    for copy in copies:
        joined = clusters.get(copy.first.path, {copy.first.path}) | clusters.get(copy.second.path, {copy.second.path})
        clusters.update(dict.fromkeys(joined, joined))
    by_last: dict[str, list[Copy]] = defaultdict(list)
    for copy in copies:
        if copy.second.path == max(clusters[copy.second.path]):
            by_last[copy.second.path].append(copy)
    for path in sorted(by_last):
        yield _finding(max(by_last[path], key=lambda copy: copy.equal), len(clusters[path]))


def _is_of_others(path: str, licensed: set[str]) -> bool:
    """Whether a file was taken over from another project: by a folder above it, or a licence of its own there."""
    folder = dirname(path)
    if not _OF_OTHERS.isdisjoint(folder.lower().split("/")):
        return True
    return any(folder == each or folder.startswith(each + "/") for each in licensed)


def _is_run_of(first: str, second: str) -> bool:
    """Whether one notebook is what a run of the other left: `report.ipynb`, `report_executed.ipynb`."""
    if not (first.endswith(".ipynb") and second.endswith(".ipynb")):
        return False
    short, long = sorted((splitext(path.rpartition("/")[2])[0].lower() for path in (first, second)), key=len)
    return long.startswith(short) and _RUN.fullmatch(long[len(short) :]) is not None


def _finding(copy: Copy, files: int) -> Finding:
    edited = copy.statements - copy.equal
    others = f" (and {files - 2} more file{'s' if files > 3 else ''} like them)" if files > 2 else ""
    changes = [f"`{edit.before}` became `{edit.after}`" for edit in copy.edits if edit.before]
    told = f": {', '.join(changes[:3])}" if changes else ""
    what = f"{edited} of them edited{told}" if edited else "all of them equal"
    places = []
    for edit in copy.edits[:4]:
        places += [Label(edit.first, "before" if edit.second else "only here")] if edit.first else []
        places += [Label(edit.second, "after" if edit.first else "added")] if edit.second else []
    return Finding(
        message=f"{copy.statements} statements of data preparation or training stand in `{copy.first.path}` too"
        f"{others}, {what}; who mends one must remember the others",
        help="put what they share into one function that takes what differs as arguments, and import it",
        span=copy.second,
        label="a copy",
        related=[Label(copy.first, "its like"), *places],
    )


RULE = Rule(
    code="ML408",
    name="copied-pipeline",
    summary="preparation or training code stands in two or more scripts with small edits",
    check=check,
    stable=False,  # docs/precision.md tells how often it was right
    options={"min-statements": 8, "min-equal": 0.8},
)
