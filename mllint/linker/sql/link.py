"""SQL files into the graph: tables, their columns, and what flows between them."""

from __future__ import annotations

import posixpath
import re

import msgspec

from mllint.errors import Problem
from mllint.facts.file import encode
from mllint.lineage.graph import Edge, EdgeKind, Graph, NodeKind, Strength
from mllint.lineage.ids import column_id, consumer_id, dataset_of, is_resolved, is_telling
from mllint.lineage.lineage import NAMELESS, Gap, Share
from mllint.lineage.observations import Access, Limit
from mllint.linker.project import Project
from mllint.linker.sql.dbt import of_path, projects
from mllint.linker.sql.dbt_artifacts import add_columns
from mllint.linker.sql.namespaces import MARK
from mllint.linker.sql.observed import looked_at, observe_models
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.scripts import Script, all_scripts, in_order, parse_script, resources
from mllint.linker.sql.sqlmesh import head_of, heads
from mllint.linker.sql.statements import Statement, dataset_id
from mllint.source import Span

_WRITES = {"insert", "create", "view", "merge", "update", "copy", "rename", "swap", "ddl", "model", "export"}


def link_sql(project: Project, schema: Schema | None = None) -> Schema:
    """Analyse all SQL files and add their lineage to the project's graph; returns the session schema, for the
    queries that stand in other languages.

    Tables become datasets with `derives` edges from source to target, and columns likewise, all with the SQL file as
    job. Filters, joins and keys are `indirect` edges from a column to the written table. A statement that only reads
    makes the file a consumer, unless something else in the repository names the file: then who runs it reads.
    """
    schema = schema or Schema()
    for facts in project.files.values():
        if facts.data is not None:  # COPY rides FROM 'data/rides.csv': the file's header tells the columns
            schema.add(dataset_id("file:" + facts.path), facts.data.columns)
            for seed in resources(project, facts.path):
                schema.add(seed.table, facts.data.columns)
    for dbt in projects(project):
        schema.distinct.update(name.lower() for name in dbt.names.sources.values())
        schema.distinct.update(resource.table for resource in dbt.resources)
    for dbt in projects(project):
        add_columns(project, dbt, schema)
    for path, head in heads(project).items():
        if head.seed:
            file = "file:" + posixpath.normpath(posixpath.join(posixpath.dirname(path), head.seed))
            schema.add(head.table, project.header(file) or ())
    scripts = all_scripts(project, schema)
    for script in scripts:
        _define(script, schema)
    named_elsewhere = _Mentions(project)
    schema.used = frozenset(pair for script in scripts for pair in script.says)
    for script in in_order(scripts):
        _link(project, script, schema, named_elsewhere)
    schema.used = frozenset()
    for table in schema:
        node = project.graph.nodes.get(dataset_id(table))
        if node is not None:
            node.attributes.setdefault("columns", list(schema.columns(table) or ()))
    for id, node in project.graph.nodes.items():
        if MARK in id and (known := schema.columns(id.removeprefix("table:"))):
            node.attributes.setdefault("columns", list(known))
    return schema


def _define(script: Script, schema: Schema) -> None:
    """First pass: tables that are defined by their columns, wherever in the project that stands."""
    from sqlglot import exp

    from mllint.linker.sql.writes import derive

    for statement in script.parsed:
        if isinstance(statement.tree, exp.Create) and statement.tree.expression is None:
            list(derive(statement, schema))


def _link(project: Project, script: Script, schema: Schema, elsewhere: _Mentions) -> None:
    from mllint.linker.sql.writes import derive

    sql = script.facts.sql
    assert sql is not None
    begin = (sql.line, sql.column)
    made = list(script.models)
    if script.reading is not None and script.reading.asked:  # for columns of tables that were not known yet
        parse_script(script)
    is_test = _is_test(project, script.path)
    for parsed in script.parsed:
        for statement in derive(parsed, schema):
            if made and statement.kind == "select" and parsed.routine is None:
                statement = _as_model(statement, made.pop(0) if len(made) > 1 else made[0], schema)
            is_report = statement.kind == "select" and not is_test and not elsewhere.of(script.path)
            add_statement(project, statement, script.path, begin, script.path if is_report else "")
            _note_problem(project, statement, script.path, sql.line)
    if script.reading is not None and len(script.models) == 1:
        _depend(project, script)


def _depend(project: Project, script: Script) -> None:
    """What a model's Jinja refers to, it depends on, also where no text of a query comes of it: the list of columns of
    another table, `-- depends_on: {{ ref('rides') }}`, an argument of a macro that is not in sight."""
    graph, target = project.graph, dataset_id(script.models[0])
    if target not in graph.nodes:
        return
    seen = {edge.source for edge in graph.in_edges(target)}
    for table in script.reading.refs:
        source, span = dataset_id(table), Span(script.path, script.facts.sql.line)  # type: ignore[union-attr]
        if source not in seen and source != target:
            graph.add_node(source, _node_kind(source), span)
            graph.add_edge(Edge(source, target, "derives", "indirect", script.path, "sql", span, resolved=False))


def _note_problem(project: Project, statement: Statement, path: str, first_line: int) -> None:
    """What a guard refused is a diagnostic; SQL of another product that no parser knows is none."""
    code = next((code for words, code in _PROBLEMS.items() if statement.problem.startswith(words)), "")
    if code:
        project.problems.append(Problem(path, statement.line + first_line - 1, code, f"SQL is {statement.problem}"))


_PROBLEMS = {"too deep or": "ML005", "too deep": "ML004", "too l": "ML003"}


def _is_test(project: Project, path: str) -> bool:
    facts, dbt = project.files.get(path), of_path(project, path)
    head = head_of(facts.sql.text) if facts is not None and facts.sql is not None else None
    if head is not None and head.kind == "audit":
        return True
    return not {"test", "tests"}.isdisjoint(path.split("/")) or (dbt is not None and dbt.is_test(path))


def _as_model(statement: Statement, name: str, schema: Schema) -> Statement:
    """A model of dbt: its SELECT is the table."""
    if not statement.open and statement.columns:
        schema.add(name, [column.name for column in statement.columns])
    own = ("{this}", name)  # what an incremental model has already
    reads = tuple(read for read in statement.reads if read.name not in own)
    indirect = tuple(source for source in statement.indirect if source[0] not in own)
    return msgspec.structs.replace(statement, kind="view", target=name, reads=reads, indirect=indirect)


def add_statement(
    project: Project,
    statement: Statement,
    path: str,
    begin: tuple[int, int] = (1, 1),
    consumer: str = "",
    language: str = "sql",
) -> None:
    """Put one statement into the graph. `begin` is where its text starts in the file at `path`; `consumer`, where
    given, is who takes what a SELECT yields."""
    writer = _Writer(project, path, begin, language, not statement.problem)
    target = dataset_id(statement.target) if statement.target else ""
    span = writer.span(statement.line, statement.column)
    if statement.kind in ("other", "drop"):
        return
    if target:
        writer.dataset(target, span, statement.kind)
    for table, column, operator, value in statement.limits:
        project.observations.limits.append(Limit(dataset_id(table), column, operator, value, span, path))
    for read in statement.reads:
        source = dataset_id(read.name)
        place = writer.span(read.line, read.column)
        writer.read(source, place)
        if target and statement.kind in _WRITES:
            writer.edge(source, target, _edge_kind(source, statement.kind), place)
        elif consumer:
            project.graph.add_node(consumer_id(consumer), "consumer", span)
            predicts = source.startswith("model:") and not looked_at(statement, source)
            kind: EdgeKind = "predicts" if predicts else "reads"
            writer.edge(source, consumer_id(consumer), kind, place, read=place)
    if target and statement.kind in _WRITES:
        if statement.training is not None:
            writer.trained(statement, target)
        else:
            writer.columns(statement, target, span)
        if statement.rejoins:
            project.rejoined.add(target)
    for name, at_line, at_column in statement.ambiguous if target or consumer else ():
        writer.ambiguous(name, writer.span(at_line, at_column))
    if target:
        writer.indirect(statement, target, span)
    if statement.training is not None or statement.scored:
        observe_models(project, statement, writer.span, path)


def _edge_kind(source: str, kind: str) -> EdgeKind:
    if source.startswith("model:"):
        return "saves" if kind == "export" else "predicts"
    return "trains" if kind == "model" else "derives"


class _Writer:
    """Adds nodes and edges of one statement, with the file's spans."""

    def __init__(self, project: Project, path: str, begin: tuple[int, int], language: str, understood: bool) -> None:
        self.project = project
        self.graph: Graph = project.graph
        self.path = path
        self.begin = begin
        self.language = language
        self.understood = understood

    def span(self, line: int, column: int) -> Span:
        first_line, first_column = self.begin
        shifted = column + first_column - 1 if line == 1 else column
        return Span(self.path, line + first_line - 1, shifted, line + first_line - 1, shifted)

    def dataset(self, id: str, span: Span, kind: str) -> None:
        if is_telling(id):
            what: NodeKind = "artifact" if kind == "export" else _node_kind(id)
            self.graph.add_node(id, what, span, view=kind == "view" or None)
        if kind in _WRITES - {"ddl"}:
            self._count(self.project.coverage.writes, id, span, is_read=False)
            self._note(id, span, False, kind not in ("create", "view", "model"))

    def read(self, id: str, span: Span) -> None:
        if is_telling(id):
            self.graph.add_node(id, _node_kind(id), span)
        self._count(self.project.coverage.reads, id, span, is_read=True)
        self._note(id, span, True)

    def _note(self, id: str, span: Span, is_read: bool, adds: bool = False) -> None:
        if is_resolved(id):
            self.project.observations.accesses.append(Access(id, is_read, span, span, self.path, adds=adds))

    def _count(self, share: Share, id: str, span: Span, is_read: bool) -> None:
        share.all += 1
        share.resolved += is_resolved(id)
        if not is_resolved(id):
            self.project.coverage.gaps.append(Gap(span, is_read, NAMELESS, self.path, None, id))

    def ambiguous(self, name: str, span: Span) -> None:
        why = f"the column `{name}` may be of several tables"
        self.project.coverage.gaps.append(Gap(span, True, why, self.path))

    def edge(
        self,
        source: str,
        target: str,
        kind: EdgeKind,
        span: Span,
        strength: Strength = "direct",
        expression: str = "",
        read: Span | None = None,
    ) -> None:
        if not (is_telling(dataset_of(source)) and is_telling(dataset_of(target))):
            return  # a name of which nothing is known would be one with every other
        resolved = self.understood and is_resolved(source) and is_resolved(target)
        job, language = self.path, self.language
        self.graph.add_edge(Edge(source, target, kind, strength, job, language, span, expression, resolved, read=read))

    def column(self, dataset: str, name: str, span: Span) -> str:
        id = column_id(dataset, name)
        if is_telling(dataset):
            self.graph.add_node(id, "column", span, name=name)
        return id

    def columns(self, statement: Statement, target: str, span: Span) -> None:
        from mllint.lineage.algebra import show

        for column in statement.columns:
            place = self.span(column.line, column.column) if column.line else span
            id = self.column(target, column.name, place)
            self.project.define(id, column.expression)
            self.project.in_sql.setdefault(id, place)
            shown = show(column.expression)
            for table, name in column.sources:
                if table.startswith("model:"):
                    self.edge(table, id, "predicts", place)
                else:
                    self.edge(self.column(dataset_id(table), name, place), id, "derives", place, expression=shown)

    def trained(self, statement: Statement, model: str) -> None:
        """The columns that a model is trained on."""
        from mllint.lineage.algebra import show

        for column in statement.columns:
            place = self.span(column.line or statement.line, column.column or statement.column)
            for table, name in column.sources:
                source = self.column(dataset_id(table), name, place)
                self.edge(source, model, "trains", place, expression=show(column.expression))

    def indirect(self, statement: Statement, target: str, span: Span) -> None:
        for table, name in statement.indirect:
            source = self.column(dataset_id(table), name, span)
            self.edge(source, target, "derives", span, strength="indirect")


def run_by_naming(project: Project) -> dict[str, str]:
    """SQL files that one Python program alone names, and that program, which runs them however it finds them:

    TEMPLATES = {"visits": SQL_DIR / "visits.sql"}   # engine.execute(render(TEMPLATES[name]))
    """
    paths: dict[bytes, list[str]] = {}
    for facts in project.of_kind("sql"):
        paths.setdefault(posixpath.basename(facts.path).encode(), []).append(facts.path)
    named: dict[bytes, set[str]] = {name: set() for name in paths}
    for facts in project.of_kind("python", "notebook") if paths else ():
        if not _is_test(project, facts.path):
            for name in set(_SQL_LITERAL.findall(encode(facts))) & named.keys():
                named[name].add(facts.path)
    one = [name for name in paths if len(paths[name]) == len(named[name]) == 1]
    return {paths[name][0]: min(named[name]) for name in one}


def drop_templates(project: Project) -> None:
    """What the names in a template would be is said by the Python that takes its text and fills it in."""
    taken = project.taken

    def is_template(edge: Edge) -> bool:
        return edge.job in taken and edge.language == "sql" and any(c in edge.source + edge.target for c in "{$")

    if taken:
        graph = project.graph
        graph.drop(is_template)
        for id in [id for id, node in graph.nodes.items() if "$" in id and {s.path for s in node.spans} <= taken]:
            if not graph.in_edges(id) and not graph.out_edges(id):
                del graph.nodes[id]


class _Mentions:
    """Whether anything but SQL names a SQL file: Python that opens it, a stage or a command that runs it."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._names: set[bytes] | None = None

    def of(self, path: str) -> bool:
        if self._names is None:
            self._names = set()
            for facts in self._project.files.values():
                if facts.kind != "sql":
                    self._names.update(_SQL_FILE.findall(encode(facts)))
        return posixpath.basename(path).encode() in self._names


_SQL_FILE = re.compile(rb"[\w.-]+\.sql\b")
_SQL_LITERAL = re.compile(rb"(?<![ \w.-])[\w.-]+\.sql\b(?! )")  # not the middle of `log("rendering visits.sql")`


def _node_kind(id: str) -> NodeKind:
    return "model" if id.startswith("model:") else "dataset"
