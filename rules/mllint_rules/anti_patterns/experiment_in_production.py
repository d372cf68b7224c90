"""ML402: production code imports from experiments, scratch or notebooks.

from notebooks.features import clean     # in services/app.py, which a container starts
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import Chain, Context, Finding, Import, Lineage, Rule, Span, production
from mllint_rules.anti_patterns.prototypes import how, prototypes


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each import that leads from code that production runs into a folder for prototypes."""
    is_prototype = prototypes(lineage, context)
    chains = production(lineage.observations, is_prototype)
    crossings: dict[Span, Import] = {}
    for each in lineage.observations.imports:
        importer = each.span.path
        inside = importer in chains and not is_prototype(importer) and not importer.endswith(".ipynb")
        if inside and is_prototype(each.target):
            crossings.setdefault(each.span, each)
    for span in sorted(crossings):
        yield _finding(crossings[span], chains[span.path], context)


def _finding(crossing: Import, chain: Chain, context: Context) -> Finding:
    importer, target = crossing.span.path, crossing.target
    folder = next(name for name in target.split("/") if name.lower() in context.options["prototype-folders"])
    return Finding(
        message=f"`{importer}` runs in production and imports `{target}`: who changes an experiment there changes "
        "what production does, and nobody reviews it as such",
        help=f"move what `{importer}` needs out of `{folder}/` into a package with tests, and import it from there",
        span=crossing.span,
        label="crosses from production into an experiment",
        related=how(chain),
    )


RULE = Rule(
    code="ML402",
    name="experiment-in-production",
    summary="production code imports from experiments, scratch or notebooks",
    check=check,
    stable=False,  # three findings in unseen code, all in packages that are only called like this; silent there now
    options={"prototype-folders": ["experiments", "scratch", "notebooks", "sandbox", "playground"]},
)
