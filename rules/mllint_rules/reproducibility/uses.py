"""Models in use: an endpoint, batch scoring by another job than training, or a registry has them."""

from __future__ import annotations

from mllint.rule import Edge, Lineage, Model, Span, is_report, is_seen, is_test, job_path

PEOPLE = (".ipynb",)  # what they explore in


class Use:
    """Where a model is in use, and the jobs that use it; training is none of them."""

    def __init__(self, at: Span, jobs: set[str]) -> None:
        self.at = at
        self.jobs = jobs


def use_of(lineage: Lineage, model: Model) -> Use | None:
    seen, graph = lineage.observations, lineage.graph
    asked = [i for i in seen.intakes if i.model in model.members and i.side == "predict" and i.endpoint]
    registered = [d.span for d in seen.deployments if d.node in model.members and not is_test(d.job)]
    trained = {job_path(edge) for id in model.members for edge in graph.in_edges(id) if edge.kind == "trains"}
    edges = (edge for id in model.members for edge in graph.out_edges(id) if _is_scoring(edge, model))
    scored = [(edge.span, edge) for edge in edges if edge.span is not None and job_path(edge) not in trained]
    places = [intake.span for intake in asked] or registered or [span for span, _ in scored]
    jobs = {intake.job for intake in asked} | {job for _, edge in scored for job in (edge.job, job_path(edge))}
    return Use(min(places), jobs) if places else None


def _is_scoring(edge: Edge, model: Model) -> bool:
    """Predictions that somebody may take, other than in a report."""
    path = job_path(edge)
    is_kept = edge.target not in model.members and not edge.measure and not is_report(edge.target)
    is_job = is_seen(edge) and not path.endswith(PEOPLE) and not is_test(path)
    return edge.kind in ("predicts", "serves") and is_kept and is_job
