"""From what the interpreted code said to the graph: names for models, columns that went along, consumers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from mllint.lineage import observations as seen
from mllint.lineage.graph import Edge, EdgeKind, Graph
from mllint.lineage.ids import LOGGED, column_id, consumer_id, dataset_of, split_column, split_endpoint
from mllint.lineage.lineage import Gap
from mllint.lineage.observations import Feature
from mllint.linker.endpoints import nearest
from mllint.linker.project import Asked, Project
from mllint.linker.protocols import asked_by
from mllint.linker.python.abstract.values import counted
from mllint.linker.python.entries import is_test
from mllint.linker.python.library.web import route_of
from mllint.linker.python.results.effects import Effects, is_model_token
from mllint.linker.python.results.makings import observe_makings
from mllint.linker.python.results.models import add_models, model_names, spoken_of
from mllint.linker.python.results.records import Access, Link, Record
from mllint.linker.python.results.serving import observe_serving
from mllint.linker.python.results.through_sql import see_through
from mllint.linker.python.results.whole_copies import pass_columns_on
from mllint.linker.sql.link import drop_templates, run_by_naming
from mllint.source import Span


def build(project: Project, effects: Effects) -> None:
    """Add nodes and edges of all records to the project's graph, and the observations to its observations."""
    records = [effects.records[name] for name in sorted(effects.records, key=_own_code_first)]
    spoken = spoken_of(records)
    names = model_names(records, spoken)
    graph = project.graph
    add_models(graph, records, names, spoken)
    _add_marks(graph, records, names)
    of_job: dict[str, dict[str, Span]] = defaultdict(dict)
    for record in records:
        for job, reads in _first_reads(record, names).items():
            of_job[job] = {**reads, **of_job[job]}
    copies: list[Edge] = []
    for record in records:
        own = _first_reads(record, names)
        # what a handler predicts with, its module has read
        known = {job: {**of_job[job], **own.get(job, {})} for job in {link.job: None for link in record.links}}
        for link in record.links:
            edge = _add_link(graph, _renamed(link, names), known[link.job])
            copies += [edge] if edge is not None and link.is_copy else []
    pass_columns_on(graph, copies)
    ran = {path: job for record in records for path, job in sorted(record.scripts.items())}
    drop_templates(project)
    graph.rejob({**run_by_naming(project), **ran})
    _add_passings(graph, records, names)
    _add_accesses(project, records, names)
    _observe_accesses(project, records, names)
    _add_requests(project, records)
    _observe(project, records, names)


def _own_code_first(name: str) -> tuple[bool, bool, str]:
    """What scripts say stands before what notebooks and tests say that call the same functions."""
    path = name.partition(":")[0].partition("#")[0]
    return (is_test(path), path.endswith(".ipynb"), name)


# ------------------------------------------------------------------------------------------ nodes and edges


def _add_marks(graph: Graph, records: list[Record], names: dict[str, str]) -> None:
    for record in records:
        for mark in record.marks:
            id = _rename(mark.id, names)
            if not is_model_token(id):
                graph.add_node(id, mark.kind, mark.span, **dict(mark.attributes))


def _rename(id: str, names: dict[str, str]) -> str:
    if is_model_token(id):
        return names.get(id, id)
    if id.startswith("column:model@"):
        dataset, column = split_column(id)
        return column_id(names.get(dataset, dataset), column)
    return id


def _renamed(link: Link, names: dict[str, str]) -> Link:
    source, target = _rename(link.source, names), _rename(link.target, names)
    return msgspec.structs.replace(link, source=source, target=target)


def _first_reads(record: Record, names: dict[str, str]) -> dict[str, dict[str, Span]]:
    """By job, where an entry point first reads each node."""
    result: dict[str, dict[str, Span]] = {}
    for access in record.accesses:
        if access.is_read and access.id:
            result.setdefault(access.job, {}).setdefault(_rename(access.id, names), access.span)
    return result


def _add_link(graph: Graph, link: Link, reads: dict[str, Span]) -> Edge | None:
    if is_model_token(link.source) or is_model_token(link.target):
        return None  # an estimator that was never fitted
    if link.source == link.target and link.source.startswith("model:"):
        return None
    for id in (link.source, link.target):
        if id not in graph.nodes:
            _add_missing(graph, id, link.span)
    kind = link.kind
    if kind in ("writes", "derives") and graph.nodes[link.source].kind in ("model", "artifact"):
        kind = kind if link.measure or link.is_copy else "predicts"
    dataset = dataset_of(link.source)
    edge = Edge(link.source, link.target, kind, link.strength, link.job, link.language, link.span, link.expression)
    edge = msgspec.structs.replace(edge, read=reads.get(dataset), measure=link.measure)
    graph.add_edge(edge)
    return edge


def _add_missing(graph: Graph, id: str, span: Span) -> None:
    if id.startswith("column:"):
        dataset, name = split_column(id)
        graph.add_node(id, "column", span, name)
        if dataset not in graph.nodes:
            _add_missing(graph, dataset, span)
    elif id.startswith("endpoint:"):
        graph.add_node(id, "endpoint", span)
    elif id.startswith("model:"):
        graph.add_node(id, "model", span)
    elif id.startswith("consumer:"):
        graph.add_node(id, "consumer", span)
    elif id.startswith(LOGGED):
        graph.add_node(id, "artifact", span)
    else:
        graph.add_node(id, "dataset", span)


def _add_passings(graph: Graph, records: list[Record], names: dict[str, str]) -> None:
    """Columns that are known of a dataset by other uses went along with frames that were passed on whole."""
    passings = {passing: None for record in records for passing in record.passings}
    made = {id for id in graph.nodes if id.startswith("column:") and graph.in_edges(id)}
    for _ in range(4):  # a column found in one dataset may be passed on to the next
        columns: dict[str, list[str]] = defaultdict(list)
        for id in sorted(graph.nodes):
            if id.startswith("column:"):
                dataset, name = split_column(id)
                columns[dataset].append(name)
        before = len(graph.edges())
        for passing in passings:
            target = _rename(passing.target, names)
            if is_model_token(target):
                continue
            if target.startswith("model:"):
                for source in sorted(passing.sources):
                    for name in columns[source]:
                        if name not in passing.dropped and name not in passing.known:
                            _pass(graph, column_id(source, name), target, passing.kind, passing.span, passing.job)
            else:
                for name in _held_columns(graph, target, columns[target]):
                    if name not in passing.dropped and name not in passing.known and len(passing.sources) == 1:
                        (source,) = passing.sources
                        old, new = column_id(source, name), column_id(target, name)
                        if new in made and old not in graph.nodes and not target.startswith("endpoint:"):
                            continue  # another write makes it, so nothing tells that this one has it from its source
                        _pass(graph, old, new, "derives", passing.span, passing.job)
        if len(graph.edges()) == before:
            return


def _held_columns(graph: Graph, target: str, names: list[str]) -> list[str]:
    """The columns that data may go into: not the fields of a request, which whoever asks gives."""
    if not target.startswith("endpoint:"):
        return names
    return [name for name in names if graph.in_edges(column_id(target, name))]


def _pass(graph: Graph, source: str, target: str, kind: EdgeKind, span: Span, job: str) -> None:
    if source == target:
        return
    for id in (source, target):
        if id not in graph.nodes:
            _add_missing(graph, id, span)
    graph.add_edge(Edge(source, target, kind, "direct", job, "python", span))


# ---------------------------------------------------------------------------------------- reads and writes


def _add_accesses(project: Project, records: list[Record], names: dict[str, str]) -> None:
    """Coverage of all but tests, and a consumer for what is read and goes nowhere else."""
    graph = project.graph
    accesses = {access: None for record in records for access in record.accesses}
    by_place: dict[tuple[Span, bool], bool] = {}
    counted = [access for access in accesses if not is_test(access.job)]
    for access in counted:
        key = (access.span, access.is_read)
        by_place[key] = by_place.get(key, False) or access.resolved
    for (_, is_read), resolved in by_place.items():
        share = project.coverage.reads if is_read else project.coverage.writes
        share.all += 1
        share.resolved += resolved
    project.coverage.gaps += [_gap(access, names) for access in counted if not by_place[access.span, access.is_read]]
    used = _used(project, records, names)
    for access in accesses:
        id = _rename(access.id, names)
        if id and access.is_read and id in graph.nodes and (id, access.span) not in used:
            consumer = consumer_id(access.job)
            graph.add_node(consumer, "consumer", access.span, access.job)
            for source in (id, *(_rename(column, names) for column in access.columns)):
                if source not in graph.nodes:
                    _add_missing(graph, source, access.span)
                edge = Edge(source, consumer, "consumes", "direct", access.job, "python", access.span)
                graph.add_edge(msgspec.structs.replace(edge, read=access.span))


def _observe_accesses(project: Project, records: list[Record], names: dict[str, str]) -> None:
    checks = {id for record in records for id in record.checks}
    found: dict[seen.Access, None] = {}
    for record in records:
        for access in record.accesses:
            id = _rename(access.id, names)
            if access.resolved and not is_model_token(id):
                guarded = access.guarded or any(id == check or id.startswith(check + "/") for check in checks)
                at = access.called or access.span
                more = (guarded, access.adds, access.revision, access.made)
                found[seen.Access(id, access.is_read, access.span, at, access.job, *more)] = None
    project.observations.accesses += found
    project.observations.labels += {label: None for record in records for label in record.labels}


def _gap(access: Access, names: dict[str, str]) -> Gap:
    data = sorted({_rename(counted(id), names) for id in access.data})
    why = access.loss.why or f"a part of the name `{access.id}` is not known"
    return Gap(access.span, access.is_read, why, access.job, access.loss.span, _rename(access.id, names), tuple(data))


def _used(project: Project, records: list[Record], names: dict[str, str]) -> set[tuple[str, Span]]:
    """Reads whose data go on into something, in one entry point at least. What a task returned and no other task
    asked for is nothing that data go on into: whoever made it is the consumer."""
    graph = project.graph
    flows = {(id, flow.span) for flow in project.flows if flow.outputs for id in flow.inputs}
    result: set[tuple[str, Span]] = set()
    for record in records:
        targets = ((_rename(link.source, names), _rename(link.target, names)) for link in record.links)
        sources = {s for s, t in targets if not (dataset_of(t).startswith("xcom:") and not _is_read(graph, t))}
        sources |= {split_column(source)[0] for source in sources if source.startswith("column:")}
        for access in record.accesses:
            id = _rename(access.id, names)
            if access.is_read and (id in sources or (id, access.span) in flows):
                result.add((id, access.span))
    return result


def _is_read(graph: Graph, id: str) -> bool:
    return bool(graph.out_edges(id)) or (id.startswith("column:") and bool(graph.out_edges(split_column(id)[0])))


def _add_requests(project: Project, records: list[Record]) -> None:
    """HTTP calls of routes that the repository serves."""
    graph = project.graph
    endpoints = [node.id for node in graph.of_kind("endpoint")]
    for request in {request: None for record in records for request in record.requests}:
        best = matching_endpoint(endpoints, request.method, request.url)
        alike = [id for id in endpoints if best is not None and split_endpoint(id) == split_endpoint(best)]
        for endpoint in nearest(project, alike, request.path, request.url):
            consumer = consumer_id(request.path)
            graph.add_node(consumer, "consumer", request.span, request.path)
            graph.add_edge(Edge(endpoint, consumer, "consumes", "direct", request.job, "python", request.span))
        if best is None and (name := asked_by(request.url)):
            project.asked.append(Asked(f"endpoint:{name}", request.path, request.span, request.job))


def matching_endpoint(endpoints: Iterable[str], method: str, url: str) -> str | None:
    """The endpoint that answers a request, by method and route; parameters of a route match any segment."""
    wanted = route_of(url).split("/")
    best: str | None = None
    for endpoint in endpoints:
        verb, route = split_endpoint(endpoint)
        parts = ("/" + route.strip("/")).split("/")
        fits = len(parts) <= len(wanted) and all(
            a == b or a.startswith(("{", "<")) or b.startswith("{")
            for a, b in zip(
                parts, wanted[len(wanted) - len(parts) + 1 :] if len(parts) < len(wanted) else wanted, strict=False
            )
        )
        # `requests.post(hook)` may ask anything: one segment at least is the same on both sides
        fits = fits and any(a == b != "" for a, b in zip(parts, wanted, strict=False))
        if fits and len(parts) == len(wanted) and (verb == method or best is None) and route.strip("/"):
            best = endpoint
            if verb == method:
                return best
    return best


# ------------------------------------------------------------------------------------------- observations


def _observe(project: Project, records: list[Record], names: dict[str, str]) -> None:
    observations = project.observations
    for record in records:
        for id, expression in record.definitions:
            if not id.startswith("column:endpoint:"):
                project.define(id, expression)
    observations.evaluations += {e: None for record in records for e in record.evaluations}
    observations.deployments += [
        msgspec.structs.replace(deployment, node=_rename(deployment.node, names))
        for record in records
        for deployment in record.deployments
    ]
    for record in records:
        for span in record.score_tests:
            tests = observations.score_tests
            if span not in tests:
                tests.append(span)
    observations.loadings += {
        msgspec.structs.replace(loading, node=_rename(loading.node, names)): None
        for record in records
        for loading in record.loadings
    }
    observe_makings(project, records)
    observations.limits += {limit: None for record in records for limit in record.limits}
    observations.absent += {absent: None for record in records for absent in record.absent}
    observations.draws += {draw: None for record in records for draw in record.draws}
    trials = observations.trials
    for record in records:
        for id, row_set in record.row_sets.items():
            trials.row_sets.setdefault(id, row_set)
        for fit_id, fitting in record.fittings.items():
            model = _rename(fitting.model, names)
            predicted = tuple((_rename(id, names), span) for id, span in fitting.predicted)
            trials.fittings.setdefault(fit_id, msgspec.structs.replace(fitting, model=model, predicted=predicted))
        for score_id, measuring in record.measurings.items():
            if trials.measurings.setdefault(score_id, measuring) is measuring:
                for fit_id in measuring.fits:
                    trials.scores_of.setdefault(fit_id, []).append(score_id)
        trials.selections += record.selections.values()
    see_through(project)
    features: dict[Feature, None] = {}
    for feature in {feature: None for record in records for feature in record.features}:
        model = _rename(feature.model, names)
        if not is_model_token(model):
            expression = project.inlined(feature.expression)
            place = project.place_in_sql(feature.expression) if feature.side == "train" else None
            moved = msgspec.structs.replace(
                feature,
                model=model,
                expression=expression,
                span=place or feature.span,
                elsewhere=expression != feature.expression,
            )
            features[moved] = None
    observations.features += features  # seven estimators of one search that are saved as one model have one set
    for component in {component: None for record in records for component in record.components}:
        model = _rename(component.model, names)
        known = "" if is_model_token(model) else model
        observations.components.append(msgspec.structs.replace(component, model=known))
    observe_serving(project, records, lambda id: _rename(id, names))
    for handover in {handover: None for record in records for handover in record.handovers}:
        model = _rename(handover.model, names)
        if not is_model_token(model):
            observations.handovers.append(msgspec.structs.replace(handover, model=model))


def mark_sources(graph: Graph) -> None:
    """A dataset that nothing in sight produces is a source."""
    for node in list(graph.nodes.values()):
        if node.kind == "dataset" and not graph.in_edges(node.id) and graph.out_edges(node.id):
            node.kind = "source"
