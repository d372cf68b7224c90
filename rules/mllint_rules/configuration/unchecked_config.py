"""ML505: training starts from a configuration that nothing holds against a schema.

params = yaml.safe_load(open("params.yaml"))     # the finding
forest = RandomForestClassifier(n_estimators=params["trees"]).fit(X, y)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import Component, Config, Context, Finding, Label, Lineage, Rule, Span, is_seen, is_test

_STEERS = ("estimator", "fit", "split")
_LITTLE = ("seed", "random_state", "n_jobs", "num_workers", "verbose")  # told where nothing else is


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each file that parses such configurations, each of which is told once."""
    reached = _reached(lineage)
    by_place: dict[str, list[tuple[Span, Config]]] = defaultdict(list)
    for config in lineage.observations.configs:
        loads = [span for span in config.loads if not is_test(span.path)]
        if loads and config.path in reached and not (config.is_checked or config.is_tooling):
            user = reached[config.path][1]
            first = min(loads, key=lambda span: (span.path != user.span.path, span.path != user.job, span))
            by_place[first.path].append((first, config))
    for path in sorted(by_place):
        yield _finding(by_place[path], reached)


def _reached(lineage: Lineage) -> dict[str, tuple[Span, Component]]:
    """By configuration file, a value of it that a model, its fit or its split is given: where training happens, also
    what any other call of the job is given counts, since networks are trained by hand."""
    trained = {edge.job for edge in lineage.graph.edges() if edge.kind == "trains" and is_seen(edge)}
    found: dict[str, tuple[Span, Component]] = {}
    for component in sorted(lineage.observations.components, key=lambda component: component.kind not in _STEERS):
        fits = component.kind in _STEERS and (component.model or component.kind != "estimator")
        if component.job not in trained or not (fits or _tunes(component)):
            continue
        for given in sorted(component.given, key=lambda given: given.parameter in _LITTLE):
            for place in given.settings:
                found.setdefault(place.path, (place, component))
    return found


def _tunes(component: Component) -> bool:
    """Whether another object, such as an optimiser, is made with a number: of files and names nothing is said, since a
    wrong one fails at once, and a seed is good whatever it is."""
    numbers = [given for given in component.given if given.settings and type(given.value) in (int, float)]
    is_class = component.what.rpartition(".")[2][:1].isupper()
    return component.kind == "call" and is_class and any(given.parameter != "seed" for given in numbers)


def _finding(loads: list[tuple[Span, Config]], reached: dict[str, tuple[Span, Component]]) -> Finding:
    span = min(span for span, _ in loads)
    paths = sorted(config.path for _, config in loads)
    place, component = reached[paths[0]]
    names = [given.parameter for given in component.given if place in given.settings]
    others = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    what = component.what.rpartition(".")[2]
    return Finding(
        message=f"`{paths[0]}`{others} decides how a model is trained (`{names[0]}` of `{what}`), and nothing checks "
        "it: a misspelt key or a value out of range is found late, or never",
        help="load it into something that checks names, types and ranges: pydantic, a structured config, a JSON schema",
        span=span,
        label="parsed here, and trusted",
        related=[Label(place, f"becomes `{names[0]}`"), Label(component.span, "of this call")],
        nodes=[component.model] if component.model else [],
        reaches=[component.model] if component.model else [],
    )


RULE = Rule(
    code="ML505",
    name="unchecked-config",
    summary="training starts from a configuration that nothing validates",
    check=check,
    severity="info",
    stable=False,  # docs/precision.md tells how often it was right
)
