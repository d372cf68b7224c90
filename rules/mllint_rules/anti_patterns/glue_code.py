"""ML404: most of a component is conversion around one general-purpose package whose objects leak through the repo.

doc = Doc(vocab, words=row["words"])            # into the package's types ...
spans = [(e.text, e.label_) for e in doc.ents]  # ... and back, statement after statement
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from posixpath import dirname

from mllint.rule import Context, Dealing, Finding, Label, Lineage, Rule

_SHOWN = 6


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each package, at its import in the module with the highest share of conversions."""
    by_package: dict[str, list[Dealing]] = defaultdict(list)
    for dealing in lineage.observations.dealings:
        if dealing.package not in context.options["base-packages"]:
            by_package[dealing.package].append(dealing)
    for package in sorted(by_package):
        dealings = by_package[package]
        whole = [each for each in dealings if each.statements >= context.options["min-statements"]]
        worst = max(whole or dealings, key=_share)
        others = {dirname(each.span.path): each for each in reversed(dealings)}
        others.pop(dirname(worst.span.path), None)
        if whole and _share(worst) > context.options["max-share"] and len(others) >= context.options["min-users"]:
            yield _finding(worst, [others[folder] for folder in sorted(others)])


def _share(dealing: Dealing) -> float:
    return len(dealing.conversions) / max(dealing.statements, 1)


def _finding(worst: Dealing, others: list[Dealing]) -> Finding:
    folders = ", ".join(f"`{dirname(other.span.path) or '.'}`" for other in others[:3])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return Finding(
        message=f"{len(worst.conversions)} of the {worst.statements} statements of `{worst.span.path}` convert to or "
        f"from types of `{worst.package}`, and {folders}{more} depend on its types too: another package, or its next "
        "version, means a change everywhere",
        help=f"put `{worst.package}` behind one interface with types of your own, and let the rest of the repository "
        "know only these",
        span=worst.span,
        label=f"{_share(worst):.0%} of the module is conversion",
        related=[
            *(Label(span, "converts") for span in worst.conversions[:_SHOWN]),
            *(Label(other.span, f"takes {', '.join(other.types[:3])}") for other in others[:_SHOWN]),
        ],
    )


RULE = Rule(
    code="ML404",
    name="glue-code",
    summary="most of a component is conversion around one general-purpose package whose objects leak through the repo",
    check=check,
    stable=False,  # docs/precision.md tells how often it was right
    options={
        "base-packages": ["numpy", "pandas", "polars", "pyspark", "sklearn", "torch"],  # these six are never read
        "max-share": 0.5,
        "min-users": 2,
        "min-statements": 6,
    },
)
