"""ML805: metrics of a training run are printed, and recorded nowhere.

model.fit(X_train, y_train)
print(accuracy_score(y_test, model.predict(X_test)))      # the finding: which run was the best, nobody will know
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import (
    Context,
    Finding,
    Fitting,
    Label,
    Lineage,
    Measuring,
    Rule,
    Span,
    Told,
    is_report,
    is_seen,
    is_test,
    job_path,
)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each script that trains and shows a score, if it keeps none. What a notebook shows stands in
    it."""
    seen = lineage.observations
    told: dict[str, list[Told]] = defaultdict(list)
    for each in seen.told:
        told[each.job].append(each)
    recording = {*seen.recording, *_writers(lineage)}
    helpers = {script.path for script in seen.scripts if any(not is_test(path) for path in script.importers)}
    found: dict[Span, tuple[Measuring, Fitting, Told, list[str]]] = {}
    for job in sorted(told):
        kept = [each for each in told[job] if each.how == "kept" or (each.how == "logged" and seen.log_files)]
        if job in helpers:
            continue  # what it prints when it is started itself is a demonstration: who imports it trains
        if kept or job in seen.notebooks or is_test(job) or not recording.isdisjoint(_files(lineage, job)):
            continue
        shown = _first_shown(lineage, told[job])
        if shown is not None and (at := _place(*shown)) not in found:
            found[at] = (*shown, _saved(lineage, job))
    for span in sorted(found):
        yield _finding(*found[span])


def _writers(lineage: Lineage) -> Iterator[str]:
    """Jobs that write a measure, a file for people, or something of which nobody knows what stands in it."""
    graph = lineage.graph
    told = {(edge.target, edge.job) for edge in graph.edges() if is_seen(edge) and not edge.measure}
    for access in lineage.observations.accesses:
        is_data = access.id in graph.nodes and graph.nodes[access.id].kind not in ("model", "artifact")
        if not access.is_read and is_data and (access.id, access.job) not in told:
            yield access.job
    for edge in graph.edges():
        if edge.kind == "writes" and edge.source != edge.target and (edge.measure or is_report(edge.target)):
            yield job_path(edge)
    for gap in lineage.coverage.gaps:  # a file whose name is not known may be that of the metrics
        if not gap.is_read:
            yield gap.job


def _files(lineage: Lineage, job: str) -> set[str]:
    """The file of a job and all that it imports, also through others."""
    imports: dict[str, list[str]] = defaultdict(list)
    for script in lineage.observations.scripts:
        for importer in script.importers:
            imports[importer].append(script.path)
    found, todo = {job}, [job]
    while todo:
        added = [path for path in imports[todo.pop()] if path not in found]
        found.update(added)
        todo += added
    return found


def _first_shown(lineage: Lineage, told: list[Told]) -> tuple[Measuring, Fitting, Told] | None:
    """The first score of a model that this job trains and shows."""
    trials = lineage.observations.trials
    found = []
    for each in told:
        for measuring in (trials.measurings[id] for id in each.scores if id in trials.measurings):
            fits = [trials.fittings[id] for id in measuring.fits if id in trials.fittings]
            fits = [fit for fit in fits if fit.learns == "model" and fit.job == each.job]
            if fits and measuring.job == each.job:
                found.append((measuring, fits[0], each))
    return min(found, key=lambda one: (one[0].span, one[2].span), default=None)


def _place(measuring: Measuring, fit: Fitting, told: Told) -> Span:
    """Where the job computes the score; where a helper of many does so, where it shows it, else where it fits."""
    own = (span for span in (measuring.span, told.span, fit.span) if span.path == told.job)
    return next(own, measuring.span)


def _saved(lineage: Lineage, job: str) -> list[str]:
    """The artifacts that a job saves."""
    edges = (edge for edge in lineage.graph.edges() if edge.kind == "saves" and is_seen(edge))
    return sorted({edge.target for edge in edges if job_path(edge) == job})


def _finding(measuring: Measuring, fit: Fitting, told: Told, saved: list[str]) -> Finding:
    at = _place(measuring, fit, told)
    related = [Label(fit.span, f"`{fit.what}` is trained")]
    if told.span != at:
        related.append(Label(told.span, "shown here, and gone with the screen"))
    kept = f", while the model is saved to `{saved[0].partition(':')[2]}`" if saved else ""
    return Finding(
        message=f"the scores of `{fit.what}` are shown, and recorded nowhere{kept}: no later run can be compared with "
        "this one",
        help="log them to a tracker (mlflow, wandb, DVC metrics), or write them into a file with the run's parameters",
        span=at,
        label="computed, shown, and lost",
        related=[label for label in related if label.span != at],
        nodes=[fit.model, *saved],
        severity=None if saved else "info",
    )


RULE = Rule(
    code="ML805",
    name="untracked-experiment",
    summary="metrics of a training run are printed and recorded nowhere",
    check=check,
    stable=False,  # docs/precision.md tells how often it was right
)
