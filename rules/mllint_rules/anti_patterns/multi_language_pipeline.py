"""ML406: one model's path from source to consumer crosses languages.

write.csv(features, "data/features.csv")     # R
features = pd.read_csv("data/features.csv")  # Python: the hand-off, and the finding
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import splitext

from mllint.rule import (
    Context,
    Edge,
    Finding,
    Graph,
    Label,
    Lineage,
    Model,
    Rule,
    Span,
    certainty,
    ends,
    is_seen,
    is_test,
    job_path,
    models,
    name,
    place,
)

_BY_SUFFIX = {".py": "python", ".ipynb": "python", ".r": "r", ".rmd": "r", ".scala": "scala", ".java": "java"}
_LANGUAGES = {
    "python", "r", "sql", "scala", "java", "kotlin", "julia", "javascript", "typescript", "go", "rust", "c", "cpp",
    "csharp", "matlab", "sas", "stata", "perl", "ruby", "php",
}  # fmt: skip
_SHOWN = {"sql": "SQL", "javascript": "JavaScript", "typescript": "TypeScript", "cpp": "C++", "csharp": "C#"}


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each dataset or artifact on a model's path and each job that reads it in another language."""
    graph = lineage.graph
    handoffs: dict[Span, Finding] = {}
    for model in models(graph):
        above = graph.upstream(model.members, ("direct", "indirect"))
        below = graph.downstream(model.members, ("direct", "indirect"))
        on_path = above | below | set(model.members)
        for id in sorted(on_path & graph.nodes.keys()):
            if graph.nodes[id].kind not in ("source", "dataset", "artifact", "model"):
                continue
            onward = on_path if id in above else below
            for written, read in _crossings(graph, id, onward, context):
                at = place(graph, read)
                if at is not None and at not in handoffs:
                    handoffs[at] = _finding(graph, model, id, written, read, context)
    for at in sorted(handoffs):
        yield handoffs[at]


def _crossings(graph: Graph, id: str, onward: set[str], context: Context) -> Iterator[tuple[Edge, Edge]]:
    """For each job that reads `id` in a language in which nobody writes it: a writing and the first reading edge."""
    writers = [edge for edge in graph.in_edges(id) if is_seen(edge) and _language(edge, context)]
    languages = {_language(edge, context) for edge in writers}
    readers: dict[str, Edge] = {}
    for edge in graph.out_edges(id):
        language = _language(edge, context)
        outside = edge.target not in onward or is_test(job_path(edge)) or edge.kind == "saves"
        if not writers or not is_seen(edge) or not language or language in languages or outside:
            continue
        first = readers.setdefault(job_path(edge), edge)
        if (place(graph, edge) or Span("~", 0)) < (place(graph, first) or Span("~", 0)):
            readers[job_path(edge)] = edge
    for job in sorted(readers):
        yield writers[0], readers[job]


def _language(edge: Edge, context: Context) -> str:
    """Empty where it is of no account. An embedded language is that of the program that runs it, or of none.

    SQL is embedded unless the options say otherwise: a warehouse that one team loads, transforms and reads is no
    crossing that anybody would mend.
    """
    language = edge.language.lower()
    if language not in context.options["embedded"]:
        return language if language in _LANGUAGES else ""
    return "" if edge.job.lower().endswith("." + language) else _BY_SUFFIX.get(splitext(edge.job)[1].lower(), "")


def _finding(graph: Graph, model: Model, id: str, written: Edge, read: Edge, context: Context) -> Finding:
    at = place(graph, read)
    assert at is not None
    maker, taker = (_shown(_language(edge, context)) for edge in (written, read))
    path = _whole_path(graph, model, id)
    has_contract = id.lower().endswith(".onnx")
    steps = [
        Label(edge.span, f"{name(graph, edge.target)} is made in {_shown(_language(edge, context))}")
        for edge in path
        if edge.span and _language(edge, context)
    ]
    return Finding(
        message=f"{name(graph, id)} on the path of model `{model.name}` is written in {maker} and read in {taker}: "
        "types, missing values and names can change at the hand-off, and no test covers both sides",
        help=f"move `{job_path(read)}` or `{job_path(written)}` to the language of its neighbour, or give the hand-off "
        "a typed format with a schema that both sides check",
        span=at,
        label=f"read in {taker}",
        related=[*([Label(written.span, f"written in {maker}")] if written.span else []), *dict.fromkeys(steps)],
        nodes=list(dict.fromkeys([*(edge.source for edge in path), id, read.target])),
        reaches=ends(graph, [read.target]),
        confidence=certainty([written, read]),
        severity="info" if has_contract else None,
    )


def _whole_path(graph: Graph, model: Model, id: str) -> list[Edge]:
    """From `id` to the model, or from the model to `id`."""
    for member in model.members:
        if path := graph.path(id, member) or graph.path(member, id):
            return path
    return []


def _shown(language: str) -> str:
    return _SHOWN.get(language, language.capitalize())


RULE = Rule(
    code="ML406",
    name="multi-language-pipeline",
    summary="one model's path from source to consumer crosses languages",
    check=check,
    options={"embedded": ["sql"]},
)
