"""ML804: a model is registered or deployed, and no score could have prevented it.

model.fit(X, y)
mlflow.log_metric("rmse", rmse)                      # logging is no gate
mlflow.sklearn.log_model(model, "m", registered_model_name="eta")     # the finding
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mllint.rule import (
    Context,
    Deployment,
    Finding,
    Fitting,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    by_member,
    is_test,
    models,
)

_SURE = {"score", "order", "check"}
_CANDIDATES = {"candidate", "challenger"}  # nobody uses what is called so


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each job and model, at the first call of the path. Silent where a test that cannot be resolved
    stands before it, and a score decides something in that job; or, where another job fits, in any."""
    trials = lineage.observations.trials
    found = by_member(models(lineage.graph))
    tests = {span.path for span in lineage.observations.score_tests if not is_test(span.path)}
    first: dict[tuple[str, str], tuple[Deployment, Span]] = {}
    gated = {(job, found[id].id if id in found else id) for job, id in _labelled_by_score(lineage)}
    for deployment in sorted(lineage.observations.deployments, key=lambda d: (d.job, d.order)):
        if is_test(deployment.job) or is_test(deployment.span.path) or _is_candidate(lineage, deployment):
            continue
        model = found.get(deployment.node)
        fit = _fit(trials.fittings.values(), deployment, set(model.members) if model else set())
        trained = fit.span if fit is not None else _trained(lineage, model)
        if trained is None:
            continue
        key = (deployment.job, model.id if model else deployment.node)
        if _SURE & set(deployment.gates) or _may_be_gated(deployment, fit, tests):
            gated.add(key)
        first.setdefault(key, (deployment, trained))
    told: set[Span] = set()
    for key in sorted(first):
        deployment, at = first[key]
        if key not in gated and deployment.span not in told:  # one call may register models of several names
            told.add(deployment.span)
            model = found.get(deployment.node)
            yield _finding(deployment, at, model.name if model else deployment.node.partition(":")[2])


def _is_candidate(lineage: Lineage, deployment: Deployment) -> bool:
    """Whether another job gives versions of that model a stage or alias: there it is decided what is used."""
    labels = [label for label in lineage.observations.labels if label.label.lower() not in _CANDIDATES]
    if any(label.job == deployment.job for label in labels):
        return False
    return any(label.model == deployment.node and not is_test(label.span.path) for label in labels)


def _labelled_by_score(lineage: Lineage) -> Iterator[tuple[str, str]]:
    """The jobs in which a score decides which version of a model gets a stage or alias, with that model: what they
    register before is a candidate."""
    tested = {(each.job, each.span) for each in lineage.observations.deployments if _SURE & set(each.gates)}
    for label in lineage.observations.labels:
        if label.label.lower() not in _CANDIDATES and (label.job, label.span) in tested:
            yield label.job, label.model


def _fit(fittings: Iterable[Fitting], deployment: Deployment, members: set[str]) -> Fitting | None:
    """The fit of the model that the same job has made before."""
    own = [f for f in fittings if f.learns == "model" and (f.id in deployment.fits or f.model in members)]
    return min((f for f in own if f.job == deployment.job), key=lambda f: f.order, default=None)


def _trained(lineage: Lineage, model: Model | None) -> Span | None:
    """Where another job trains the model that is registered."""
    edges = [e for id in (model.members if model else ()) for e in lineage.graph.in_edges(id) if e.kind == "trains"]
    return min((edge.span for edge in edges if edge.span is not None), default=None)


def _may_be_gated(deployment: Deployment, fit: Fitting | None, tests: set[str]) -> bool:
    """A test that cannot be resolved may be what some score came to: `if approved: register(...)`."""
    if fit is None:  # another job may have decided, and this one only carries it out
        return bool(tests) or bool(deployment.gates)
    return bool(deployment.gates) and bool(tests & {deployment.job, deployment.span.path, fit.span.path})


def _finding(deployment: Deployment, fit: Span, name: str) -> Finding:
    return Finding(
        message=f"model `{name}` is registered or deployed here whatever its score: nothing between the fit and this "
        "call compares a metric with a bar or with the model in use, and could prevent it",
        help="compute a metric on held-out rows, and raise (or return) unless it reaches a bar or beats the "
        "current model",
        span=deployment.span,
        label="reached with any score",
        related=[Label(fit, "the model is fitted")] if fit != deployment.span else [],
        nodes=[deployment.node],
    )


RULE = Rule(
    code="ML804",
    name="no-quality-gate",
    summary="a model is registered or deployed without a comparison of a metric that could prevent it",
    check=check,
)
