"""ML407: a prediction, threshold, log-odds or multiplier crosses a module boundary as a bare float, tuple or dict.

def churn_score(customer): ...; return float(model.predict_proba(row)[0, 1])   # and another module calls it
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from mllint.rule import (
    Context,
    Finding,
    Handover,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    by_member,
    is_report,
    is_test,
    models,
)

_CONFIGS = (".yaml", ".yml", ".toml", ".ini")


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    found = by_member(models(lineage.graph))
    estimators = _estimator_methods(lineage)
    by_function: dict[Span, list[Handover]] = defaultdict(list)
    crossing = [
        handover
        for handover in lineage.observations.handovers
        if handover.receiver.path != handover.span.path
        and not is_test(handover.receiver.path)
        and not handover.receiver.path.endswith(".ipynb")  # people look at it there
        and not is_test(handover.span.path)
        and not _is_measured(lineage, handover)
        and not handover.model.endswith(_CONFIGS)
        and handover.span not in estimators
    ]
    tried = {handover.span for handover in crossing if _is_tried(lineage, handover, found.get(handover.model))}
    for handover in crossing:
        if handover.span not in tried and not any(_passes_on(handover, other, found) for other in crossing):
            by_function[handover.span].append(handover)
    for span in sorted(by_function):
        first, *others = sorted(by_function[span], key=lambda handover: (handover.return_span, handover.receiver))
        model = found.get(first.model)
        yield _finding(first, others, model)


def _estimator_methods(lineage: Lineage) -> set[Span]:
    """The predict methods of classes that are fitted like scikit-learn's: the protocol says that arrays come back, and
    whoever calls them holds the model."""
    classes = {each.qualified: each for each in lineage.observations.definitions if each.kind == "class"}
    methods = [each for each in lineage.observations.definitions if each.kind == "method"]
    fitted = {each.qualified.rpartition(".")[0] for each in methods if each.name == "fit"}
    names = {name.rpartition(".")[2] for name in fitted}
    kin = {base.rpartition(".")[2] for name in fitted if name in classes for base in classes[name].bases}
    return {
        each.span
        for each in methods
        for owner in [each.qualified.rpartition(".")[0]]
        if each.name.startswith("predict")
        and owner in classes
        and (
            owner in fitted
            or classes[owner].name in kin
            or names & {b.rpartition(".")[2] for b in classes[owner].bases}
        )
    }


def _is_measured(lineage: Lineage, handover: Handover) -> bool:
    """Whether who makes or receives the value measures it there: `mean_absolute_error(y_test, forecast(x_test))`."""
    taken = handover.receiver_body or Span(handover.receiver.path, 0, 0, 1 << 30, 0, handover.receiver.cell)
    return any(
        (at.path, at.cell) == (body.path, body.cell) and body.line <= at.line <= body.end_line
        for at in (e.span for e in lineage.observations.evaluations if e.what == "metric")
        for body in (taken, handover.span)
    )


def _is_tried(lineage: Lineage, handover: Handover, model: Model | None) -> bool:
    """Whether the job that trains the model predicts only to see how good it is: it keeps no prediction, but notes and
    pictures of how it went."""
    if model is None:
        return False
    graph = lineage.graph
    edges = [e for id in model.members for e in (*graph.in_edges(id), *graph.out_edges(id)) if e.job == handover.job]
    kept = [edge for edge in edges if edge.kind in ("predicts", "serves") and not is_report(edge.target)]
    return not kept and any(edge.kind in ("trains", "saves") for edge in edges)


def _passes_on(later: Handover, earlier: Handover, known: Collection[str]) -> bool:
    """Whether `later` hands on what it received from `earlier`: the value was bare before.

    def rank(vectors, boost): return [score * boost for score in relevance(vectors)]
    """
    if later.span == earlier.span or (later.model != earlier.model and later.model in known and earlier.model in known):
        return False
    if later.return_span == earlier.return_span:  # `return self.predict(rows)`, beside it in the module
        return _holds(earlier.span, earlier.return_span) and not _holds(later.span, later.return_span)
    return _holds(later.span, earlier.receiver)


def _holds(body: Span, place: Span) -> bool:
    return (body.path, body.cell) == (place.path, place.cell) and body.line <= place.line <= body.end_line


def _finding(handover: Handover, others: list[Handover], model: Model | None) -> Finding:
    of_model = f" of model `{model.name}`" if model else ""
    function = handover.function.rpartition(".")[2]
    what = " and ".join(dict.fromkeys([handover.what, *(other.what for other in others)]))
    receivers = sorted({h.receiver for h in (handover, *others)})
    return Finding(
        message=f"`{function}` hands a {what}{of_model} to `{receivers[0].path}` as a bare {handover.shape}: "
        "nothing there knows what the number is or which model made it",
        help=f"return a small frozen dataclass (or NewType) that names the {handover.what} and its model",
        span=handover.span,
        label=f"returns a bare {handover.shape}",
        related=[
            Label(handover.return_span, f"the {handover.what} is returned here"),
            *(Label(receiver, "received here") for receiver in receivers),
        ],
        nodes=list(model.members) if model else [],
    )


RULE = Rule(
    code="ML407",
    name="plain-old-data",
    summary="predictions or thresholds cross a module boundary as bare floats, tuples or dicts",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
