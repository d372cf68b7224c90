"""ML803: the environment in which a model is trained or served does not pin what its artifact is made of.

scikit-learn>=1.2                    # the finding: the pickled forest was made by some version, and loads into another
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mllint.rule import Context, Dependency, Finding, Label, Lineage, Model, Rule, Span, is_test, models


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each line of a list, with the models whose artifacts need the package."""
    found: dict[Span, tuple[Dependency, Model]] = {}
    for model in models(lineage.graph):
        for names in _packages(lineage, model):
            for job in sorted({*model.places, *model.jobs}):
                for dependency in _lines_for(lineage, job, names):
                    found.setdefault(dependency.span, (dependency, model))
    for span in sorted(found):
        yield _finding(lineage, *found[span])


def _packages(lineage: Lineage, model: Model) -> list[list[str]]:
    """What has to be installed to load the model: each as the names of packages, any of which would do."""
    found = [lineage.graph.nodes[id].attributes.get("packages") or [] for id in model.members]
    return [names for packages in found for names in packages]


def _lines_for(lineage: Lineage, job: str, names: list[str]) -> list[Dependency]:
    """The lines of the nearest list above a file that names the package; none if one of them pins it."""
    if is_test(job):
        return []
    folder = posixpath.dirname(job)
    while True:
        here = [d for d in lineage.observations.dependencies if d.folder == folder and d.package in names]
        if here:
            return [] if any(d.pinned for d in here) else here
        if not folder:
            return []
        folder = posixpath.dirname(folder)


def _finding(lineage: Lineage, dependency: Dependency, model: Model) -> Finding:
    wanted = f"`{dependency.package}{dependency.wanted}`" if dependency.wanted else f"`{dependency.package}`"
    saves = [e for id in model.members for e in lineage.graph.out_edges(id) if e.kind == "saves" and e.span is not None]
    at = min((edge.span for edge in saves if edge.span is not None), default=None)
    return Finding(
        message=f"{wanted} admits several versions, and model `{model.name}` is saved as objects of that package: what "
        "one version wrote, another may refuse or read otherwise",
        help=f"pin it (`{dependency.package}==…`), or commit a lock file, for training and serving alike",
        span=dependency.span,
        label="no version is fixed",
        related=[Label(at, f"model `{model.name}` is saved")] if at is not None else [],
        nodes=[model.id],
    )


RULE = Rule(
    code="ML803",
    name="unpinned-environment",
    summary="the training or serving environment does not pin the libraries that a model's artifact is made of",
    check=check,
)
