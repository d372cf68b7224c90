"""ML104: an endpoint serves predictions to whoever asks.

@app.post("/score")                                  # the finding: nothing before it asks for a credential
def score(body: Trip): return model.predict(...)
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import Context, Finding, Label, Lineage, Route, Rule, Span, by_member, dataset_of, is_test, models


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each place that registers a route; silent where something before it is not understood."""
    routes: dict[tuple[str, str], list[Route]] = {}
    for route in lineage.observations.routes:  # services beside each other may answer the same route
        routes.setdefault((route.endpoint, route.span.path), []).append(route)
    told: set[Span] = set()
    found = by_member(models(lineage.graph))
    for (endpoint, path), known in sorted(routes.items()):
        served = _served(lineage, endpoint, path, known)
        if not served or lineage.observations.gateways:
            continue
        if any(route.guard != "none" or is_test(route.span.path) or route.span in told for route in known):
            continue
        told.add(known[0].span)
        model = next((found[id] for id in served if id in found), None)
        yield _finding(lineage, known[0], model.name if model else served[0].partition(":")[2], served)


def _served(lineage: Lineage, endpoint: str, path: str, known: list[Route]) -> list[str]:
    """The models that the route predicts with, and whose predictions it serves: files that nothing here makes among
    them. What it says of a model without asking it (its scores, whether it is loaded), or of how
    good it turned out to be (`POST /retrain`), is no prediction."""
    used = {id for route in known for id in route.predicts}
    answered = any(dataset_of(output.target) == endpoint for output in lineage.observations.outputs)
    edges = [e for e in lineage.graph.in_edges(endpoint) if e.kind == "serves" and not e.measure]
    edges = [e for e in edges if e.span is None or e.span.path == path]
    # of weights that are one part of a file (`torch.load(path)["model"]`) no output is told
    served = {e.source for e in edges if e.source in used and (answered or e.source.startswith("column:"))}
    return sorted(served, key=lambda id: (not id.startswith("model:"), id))


def _finding(lineage: Lineage, route: Route, name: str, served: list[str]) -> Finding:
    path = route.endpoint.removeprefix("endpoint:")
    edges = [e for id in served for e in lineage.graph.out_edges(id) if e.target == route.endpoint]
    places = sorted({edge.read for edge in edges if edge.read is not None} - {route.span})
    return Finding(
        message=f"`{path}` gives predictions of model `{name}` to whoever asks: no dependency, decorator, hook "
        "or middleware before it asks for a credential, so nobody knows who relies on it, or can stop who should not",
        help="require an API key or token (a dependency of the router, a `before_request` hook) that can answer 401",
        span=route.span,
        label="no authentication can be seen",
        related=[Label(span, f"model `{name}` is read here") for span in places[:3]],
        nodes=[*served, route.endpoint],
    )


RULE = Rule(
    code="ML104",
    name="open-predictions",
    summary="an endpoint serves predictions without authentication",
    check=check,
)
