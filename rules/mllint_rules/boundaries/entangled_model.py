"""ML105: one source change reaches many features or models of different owners: changing anything changes everything.

table:raw.events -> 34 features -> eta (mobility), churn (crm), ranking (search)
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import (
    Context,
    Edge,
    Feature,
    Finding,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    by_member,
    columns,
    dataset_of,
    declared_ids,
    is_seen,
    is_test,
    job_path,
    models,
    name,
    owner_of,
    place,
    split_column,
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each root source whose reach is over a limit, among at least three owners."""
    found = models(lineage.graph)
    owners = _Owners(lineage, found)
    if not owners.are_told:
        return
    for node in lineage.graph.of_kind("source", "dataset"):
        if is_test(node.name) or any(is_seen(edge) for edge in lineage.graph.in_edges(node.id)):
            continue
        ids = {node.id, *lineage.graph.columns(node.id)}
        reached = ids | lineage.graph.downstream(ids, ("direct", "indirect"))
        reached_models = [model for model in found if not reached.isdisjoint(model.members)]
        features = _features(lineage, reached, reached_models)
        teams = owners.apart(reached_models, features)
        many = len(features) > context.options["max-features"] or len(reached_models) > context.options["max-models"]
        at = _place(lineage, node.id, found)
        if many and len(teams) >= context.options["min-owners"] and at is not None:
            yield _finding(lineage, node.id, at, features, reached_models, teams)


class _Owners:
    """Who owns models and what computes features: by declaration, else by CODEOWNERS."""

    def __init__(self, lineage: Lineage, found: list[Model]) -> None:
        self.lineage = lineage
        self.declared: dict[str, set[str]] = {}
        for kind in ("model", "feature"):
            for entry in lineage.declarations.of_kind(kind):
                for id in declared_ids(lineage.graph, entry, found) if entry.owner else ():
                    self.declared.setdefault(id, set()).update(_teams(entry.owner))
        self.are_told = bool(self.declared or lineage.declarations.owners)

    def of_model(self, model: Model) -> set[str]:
        told = {owner for id in model.members for owner in self.declared.get(id, ())}
        return told or self._of_files({*model.jobs, *model.places})

    def apart(self, found: list[Model], features: dict[str, Span]) -> list[str]:
        """All owners of these, none where one of them owns all: that one knows what a change does."""
        each = [self.of_model(model) for model in found]
        each += [self.declared.get(id) or self._of_files({span.path}) for id, span in features.items()]
        each = [teams for teams in each if teams]
        return sorted(set().union(*each)) if each and not set.intersection(*each) else []

    def _of_files(self, paths: set[str]) -> set[str]:
        return {team for path in paths for team in _teams(owner_of(self.lineage.declarations, path))}


def _teams(owner: str) -> set[str]:
    """`@acme/crm @acme/data` are two."""
    return {word.strip("@,").rpartition("/")[2].lower() for word in owner.split()}


def _features(lineage: Lineage, reached: set[str], found: list[Model]) -> dict[str, Span]:
    """Features that the source reaches, with a place that tells whose they are: inputs of models that are computed from
    it, and what feature stores hold."""
    graph, owner = lineage.graph, by_member(found)
    labels = {(owner[id].id, graph.nodes[id].attributes.get("label")) for id in owner if id in graph.nodes}
    result = {id: graph.nodes[id].spans[0] for id in reached if _is_stored(lineage, id) and graph.nodes[id].spans}
    inputs: dict[tuple[str, object], Span] = {}
    for feature in lineage.observations.features:
        if feature.side == "train" and feature.model in owner and _comes_from(feature, reached):
            inputs.setdefault((owner[feature.model].id, feature.name), feature.span)
    for id in sorted(reached & graph.nodes.keys()):
        for edge in graph.out_edges(id) if id.startswith("column:") else ():
            if edge.kind == "trains" and edge.span and edge.target in owner:
                inputs.setdefault((owner[edge.target].id, split_column(id)[1]), edge.span)
    return result | {f"{model}#{name}": span for (model, name), span in inputs.items() if (model, name) not in labels}


def _is_stored(lineage: Lineage, id: str) -> bool:
    return id in lineage.graph.nodes and lineage.graph.nodes[id].kind == "feature"


def _comes_from(feature: Feature, reached: set[str]) -> bool:
    return any(column.dataset in reached for column in columns(feature.expression))


def _place(lineage: Lineage, id: str, found: list[Model]) -> Span | None:
    """Where the source is declared, else where it is first read."""
    for entry in lineage.declarations.of_kind("source"):
        if id in {dataset_of(each) for each in declared_ids(lineage.graph, entry, found)}:
            return entry.span
    edges: list[Edge] = [
        edge
        for each in (id, *lineage.graph.columns(id))
        for edge in lineage.graph.out_edges(each)
        if is_seen(edge) and not is_test(job_path(edge))
    ]
    return min((at for edge in edges if (at := place(lineage.graph, edge)) is not None), default=None)


def _finding(
    lineage: Lineage, id: str, at: Span, features: dict[str, Span], found: list[Model], teams: list[str]
) -> Finding:
    fits = {m.id: e.span for m in found for i in m.members for e in lineage.graph.in_edges(i) if e.kind == "trains"}
    return Finding(
        message=f"a change of {name(lineage.graph, id)} reaches {len(features)} features and {len(found)} models of "
        f"{len(teams)} owners ({', '.join(teams[:4])}{', ...' if len(teams) > 4 else ''}): whoever changes it changes "
        "all of them, and none of these can tell why",
        help="give the source a contract (schema, checks, version) with one owner, and let each team read a view of "
        "its own that holds only what it needs",
        span=at,
        label=f"reaches {len(features)} features, {len(found)} models",
        related=[Label(fits[m.id], f"model `{m.name}`") for m in found if fits.get(m.id) is not None],  # type: ignore[arg-type]
        nodes=[id, *(model.id for model in found)],
        reaches=[model.id for model in found],
    )


RULE = Rule(
    code="ML105",
    name="entangled-model",
    summary="one source change reaches many features or models of different owners",
    check=check,
    stable=False,  # one finding in unseen code, where one team owned all: mended, and none since
    options={"max-features": 20, "max-models": 5, "min-owners": 3},
)
