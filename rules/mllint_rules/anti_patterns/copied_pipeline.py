"""ML408: preparation or training code stands in two or more scripts with small edits.

train_be.py                     train_nl.py           # the finding: 20 statements, one of them edited
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import Context, Copy, Finding, Label, Lineage, Rule, is_test


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each cluster of files that copy each other, at the file that is last by path."""
    least, share = context.options["min-statements"], context.options["min-equal"]
    copies = [
        copy for copy in lineage.observations.copies
        if copy.statements >= least and copy.equal >= share * copy.statements
        and not (is_test(copy.first.path) or is_test(copy.second.path))
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
    stable=False,
    options={"min-statements": 8, "min-equal": 0.8},
)
