"""ML401: code kept for an experiment that no config, entry point, stage, test or caller can reach.

if config["use_embeddings"]:   # false in every config of the repository
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import Context, Finding, Lineage, Rule
from mllint_rules.anti_patterns.dead_branches import dead_branches
from mllint_rules.anti_patterns.dead_models import dead_models, of_classes
from mllint_rules.anti_patterns.dead_scripts import dead_scripts, of_scripts


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    yield from dead_branches(lineage)
    if lineage.observations.runners:  # without a runner, people start things, and nobody can say what is dead
        scripts = list(dead_scripts(lineage))
        yield from of_scripts(lineage, scripts)
        yield from of_classes(dead_models(lineage.observations.definitions, {script.path for script in scripts}))


RULE = Rule(
    code="ML401",
    name="dead-experiment-path",
    summary="code kept for an experiment that no config, entry point, stage, test or caller can reach",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
