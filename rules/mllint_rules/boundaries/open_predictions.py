"""ML104: an endpoint serves predictions to whoever asks.

@app.post("/score")                                  # the finding: nothing before it asks for a credential
def score(body: Trip): return model.predict(...)
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import Context, Finding, Label, Lineage, Model, Route, Rule, Span, is_test, models


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each place that registers a route; silent where something before it is not understood."""
    routes: dict[str, list[Route]] = {}
    for route in lineage.observations.routes:
        routes.setdefault(route.endpoint, []).append(route)
    told: set[Span] = set()
    for model in models(lineage.graph):
        for endpoint in model.outputs:
            known = routes.get(endpoint, [])
            if known and all(route.guard == "none" and not is_test(route.span.path) for route in known):
                route = known[0]
                if route.span not in told and not lineage.observations.gateways:
                    told.add(route.span)
                    yield _finding(lineage, route, model)


def _finding(lineage: Lineage, route: Route, model: Model) -> Finding:
    path = route.endpoint.removeprefix("endpoint:")
    edges = [e for id in model.members for e in lineage.graph.out_edges(id) if e.target == route.endpoint]
    places = sorted({edge.read for edge in edges if edge.read is not None} - {route.span})
    return Finding(
        message=f"`{path}` gives predictions of model `{model.name}` to whoever asks: no dependency, decorator, hook "
        "or middleware before it asks for a credential, so nobody knows who relies on it, or can stop who should not",
        help="require an API key or token (a dependency of the router, a `before_request` hook) that can answer 401",
        span=route.span,
        label="no authentication can be seen",
        related=[Label(span, f"model `{model.name}` is read here") for span in places[:3]],
        nodes=[model.id, route.endpoint],
    )


RULE = Rule(
    code="ML104",
    name="open-predictions",
    summary="an endpoint serves predictions without authentication",
    check=check,
)
