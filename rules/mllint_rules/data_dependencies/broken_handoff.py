"""ML210: what is read nothing writes, ships or declares, while something writes a near name.

features.to_parquet("data/features.parquet")     # prepare.py
pd.read_parquet("data/feature.parquet")          # train.py: the finding
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import Access, Context, Finding, Label, Lineage, Rule, Span, ends, is_test, name
from mllint_rules.data_dependencies.handovers import by_id, may_exist, near


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each name that is read in vain, and one for each stage or alias that nothing sets."""
    accesses = lineage.observations.accesses
    seen = [access for access in accesses if not is_test(access.span.path) and not is_test(access.job)]
    reads, writes = by_id(seen, is_read=True), by_id(seen, is_read=False)
    for id, readers in sorted(reads.items()):
        if id in writes:
            if id.startswith("model:"):
                yield from _unset_labels(lineage, id, readers, writes[id])
        elif not may_exist(lineage, id, readers, writes):
            found = near(lineage, id, readers, writes)
            if found is not None:
                yield _finding(lineage, id, readers, *found)


def _unset_labels(lineage: Lineage, id: str, readers: list[Access], writers: list[Access]) -> Iterator[Finding]:
    labels = [label for label in lineage.observations.labels if label.model == id or "{" in label.model]
    one_each = {(reader.called, reader.revision.lower()): reader for reader in readers}  # of several entry points
    for (_, wanted), reader in one_each.items():
        known = {label.label.lower() for label in labels}
        if not wanted or wanted.isdigit() or wanted in ("latest", "none") or reader.guarded or wanted in known:
            continue
        if any("{" in word for word in known):
            continue
        near = labels[0].span if labels else writers[0].called
        told = f"`{labels[0].label}` is set here" if labels else "it is registered here, without a stage or alias"
        yield Finding(
            message=f"{name(lineage.graph, id)} is loaded as `{reader.revision}`, and nothing in the repository gives "
            "a version that stage or alias: the load fails, or gets what somebody set by hand",
            help=f"set `{reader.revision}` where the model is registered or promoted, or load what is set there",
            span=reader.called,
            label=f"asks for `{reader.revision}`",
            related=[Label(near, told)],
            nodes=[id],
            reaches=ends(lineage.graph, [id]),
        )


def _finding(lineage: Lineage, id: str, readers: list[Access], written: str, writer: Access, how: str) -> Finding:
    reader = readers[0]
    inner: list[Span] = [reader.span] if reader.span != reader.called else []
    others = dict.fromkeys(other.called for other in readers[1:] if other.called != reader.called)
    return Finding(
        message=f"{name(lineage.graph, id)} is read here, and nothing in the repository writes, ships or declares it; "
        f"`{writer.job}` writes {name(lineage.graph, written)}, which differs in {_DIFFERS[how]}: the read fails, or "
        "gets an old file that lies there",
        help="use one name on both sides, best from one constant or setting; if it comes from outside, declare it "
        "under `sources` in mllint.yaml",
        span=reader.called,
        label="read under this name",
        related=[
            Label(writer.called, "written under this name"),
            *(Label(span, "read here, for the caller") for span in inner),
            *(Label(span, "read here too") for span in others),
        ],
        nodes=[id, written],
        reaches=ends(lineage.graph, [id]),
    )


_DIFFERS = {"spelling": "its spelling, case or ending", "edit": "one letter", "folder": "one folder"}

RULE = Rule(
    code="ML210",
    name="broken-handoff",
    summary="something is read that nothing writes, while something writes a near name",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
