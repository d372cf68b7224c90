"""SQL files into the graph: tables, their columns, and what flows between them."""

from __future__ import annotations

import posixpath
import re

import msgspec

from mllint.errors import Problem
from mllint.facts.file import FileFacts, encode
from mllint.lineage.graph import Edge, EdgeKind, Graph, NodeKind, Strength
from mllint.lineage.ids import column_id, consumer_id, is_resolved
from mllint.lineage.lineage import NAMELESS, Gap, Share
from mllint.linker.project import Project
from mllint.linker.sql.dbt import Resource, of_path
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.statements import Statement, dataset_id
from mllint.linker.sql.template import Reading
from mllint.source import Span

_WRITES = {"insert", "create", "view", "merge", "update", "copy", "rename", "swap", "ddl", "model"}


class Script(msgspec.Struct):
    """One SQL file while it is linked: its parsed statements, and the tables that it names as made and as used."""

    path: str
    facts: FileFacts
    parsed: list  # type: ignore[type-arg]  # of `parse.Parsed`, which is imported late
    makes: set[str]
    uses: set[str]
    models: tuple[str, ...]  # of dbt: the table of each SELECT


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
            for seed in _resources(project, facts.path):
                schema.add(seed.table, facts.data.columns)
    scripts = [script for facts in project.files.values() if (script := _script(project, facts)) is not None]
    for script in scripts:
        _define(script, schema)
    named_elsewhere = _Mentions(project)
    for script in _in_order(scripts):
        _link(project, script, schema, named_elsewhere)
    for table in schema:
        node = project.graph.nodes.get(dataset_id(table))
        if node is not None:
            node.attributes.setdefault("columns", list(schema.columns(table) or ()))
    return schema


def _script(project: Project, facts: FileFacts) -> Script | None:
    from mllint.linker.sql.dialects import configured
    from mllint.linker.sql.parse import parse

    if facts.sql is None:
        return None
    dbt = of_path(project, facts.path)
    names = Reading(dbt.names) if dbt is not None and facts.sql.jinja else None
    dialect = configured(project.settings, facts.path) or (dbt.warehouse if dbt is not None else "")
    parsed = parse(facts.sql.text, dialect, names)
    makes: set[str] = set()
    uses: set[str] = set()
    for statement in parsed:
        _names(statement, makes, uses)
    models = _models(project, facts)
    makes.update(models)
    return Script(facts.path, facts, parsed, makes, uses - makes, models)


def _models(project: Project, facts: FileFacts) -> tuple[str, ...]:
    """The tables that dbt makes of a file's SELECTs: those of its project, or, where a template lies below `models/`
    and no project is there to tell, the one of the file's name."""
    if of_path(project, facts.path) is not None:
        return tuple(resource.table for resource in _resources(project, facts.path))
    is_template = facts.sql is not None and facts.sql.jinja and "models" in facts.path.split("/")[:-1]
    return (_stem(facts.path),) if is_template else ()


def _resources(project: Project, path: str) -> list[Resource]:
    dbt = of_path(project, path)
    return dbt.of_file(path) if dbt is not None else []


def _names(statement, makes: set[str], uses: set[str]) -> None:  # type: ignore[no-untyped-def]
    from sqlglot import exp

    from mllint.linker.sql.tables import table_name_of

    tree = statement.tree
    if tree is None:
        return
    if isinstance(tree, exp.Create | exp.Insert | exp.Merge) and isinstance(tree.this, exp.Expr):
        makes.add(table_name_of(tree.this))
    uses.update(table_name_of(table) for table in tree.find_all(exp.Table))


def _define(script: Script, schema: Schema) -> None:
    """First pass: tables that are defined by their columns, wherever in the project that stands."""
    from sqlglot import exp

    from mllint.linker.sql.writes import derive

    for statement in script.parsed:
        if isinstance(statement.tree, exp.Create) and statement.tree.expression is None:
            list(derive(statement, schema))


def _in_order(scripts: list[Script]) -> list[Script]:
    """Makers before users, else by path. Circles are entered at the smallest path."""
    makers: dict[str, list[Script]] = {}
    for script in scripts:
        for name in script.makes:
            makers.setdefault(name, []).append(script)
    done: dict[str, Script] = {}
    entered: set[str] = set()
    for script in scripts:
        todo = [script]
        while todo:
            top = todo[-1]
            entered.add(top.path)
            needed = {maker.path: maker for name in top.uses for maker in makers.get(name, ())}
            waiting = [needed[path] for path in sorted(needed, reverse=True) if path not in entered]
            if waiting:
                todo += waiting
                entered.update(maker.path for maker in waiting[:-1])
            else:
                done.setdefault(top.path, top)
                todo.pop()
    return list(done.values())


def _link(project: Project, script: Script, schema: Schema, elsewhere: _Mentions) -> None:
    from mllint.linker.sql.writes import derive

    sql = script.facts.sql
    assert sql is not None
    begin = (sql.line, sql.column)
    made = list(script.models)
    for parsed in script.parsed:
        for statement in derive(parsed, schema):
            if made and statement.kind == "select":
                statement = _as_model(statement, made.pop(0) if len(made) > 1 else made[0], schema)
            is_report = statement.kind == "select" and not _is_test(script.path) and not elsewhere.of(script.path)
            add_statement(project, statement, script.path, begin, script.path if is_report else "")
            _note_problem(project, statement, script.path, sql.line)


def _note_problem(project: Project, statement: Statement, path: str, first_line: int) -> None:
    """What a guard refused is a diagnostic; SQL of another product that no parser knows is none."""
    code = next((code for words, code in _PROBLEMS.items() if statement.problem.startswith(words)), "")
    if code:
        project.problems.append(Problem(path, statement.line + first_line - 1, code, f"SQL is {statement.problem}"))


_PROBLEMS = {"too deep or": "ML005", "too deep": "ML004", "too l": "ML003"}


def _is_test(path: str) -> bool:
    return not {"test", "tests"}.isdisjoint(path.split("/"))


def _as_model(statement: Statement, name: str, schema: Schema) -> Statement:
    """A model of dbt: its SELECT is the table."""
    if not statement.open and statement.columns:
        schema.add(name, [column.name for column in statement.columns])
    reads = tuple(read for read in statement.reads if read.name != "{this}")  # {{ this }} of an incremental model
    indirect = tuple(source for source in statement.indirect if source[0] != "{this}")
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
    for read in statement.reads:
        source = dataset_id(read.name)
        place = writer.span(read.line, read.column)
        writer.read(source, place)
        if target and statement.kind in _WRITES:
            writer.edge(source, target, _edge_kind(source, statement.kind), place)
        elif consumer:
            project.graph.add_node(consumer_id(consumer), "consumer", span)
            kind: EdgeKind = "predicts" if source.startswith("model:") else "reads"
            writer.edge(source, consumer_id(consumer), kind, place, read=place)
    if target and statement.kind in _WRITES:
        writer.columns(statement, target, span)
    if target:
        writer.indirect(statement, target, span)


def _edge_kind(source: str, kind: str) -> EdgeKind:
    if source.startswith("model:"):
        return "predicts"
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
        self.graph.add_node(id, _node_kind(id), span, view=kind == "view" or None)
        if kind in _WRITES - {"ddl"}:
            self._count(self.project.coverage.writes, id, span, is_read=False)

    def read(self, id: str, span: Span) -> None:
        self.graph.add_node(id, _node_kind(id), span)
        self._count(self.project.coverage.reads, id, span, is_read=True)

    def _count(self, share: Share, id: str, span: Span, is_read: bool) -> None:
        share.all += 1
        share.resolved += is_resolved(id)
        if not is_resolved(id):
            self.project.coverage.gaps.append(Gap(span, is_read, NAMELESS, self.path, None, id))

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
        resolved = self.understood and is_resolved(source) and is_resolved(target)
        job, language = self.path, self.language
        self.graph.add_edge(Edge(source, target, kind, strength, job, language, span, expression, resolved, read=read))

    def column(self, dataset: str, name: str, span: Span) -> str:
        id = column_id(dataset, name)
        self.graph.add_node(id, "column", span, name=name)
        return id

    def columns(self, statement: Statement, target: str, span: Span) -> None:
        from mllint.lineage.algebra import show

        for column in statement.columns:
            id = self.column(target, column.name, span)
            self.project.define(id, column.expression)
            shown = show(column.expression)
            for table, name in column.sources:
                self.edge(self.column(dataset_id(table), name, span), id, "derives", span, expression=shown)

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
        if not _is_test(facts.path):
            for name in set(_SQL_LITERAL.findall(encode(facts))) & named.keys():
                named[name].add(facts.path)
    one = [name for name in paths if len(paths[name]) == len(named[name]) == 1]
    return {paths[name][0]: min(named[name]) for name in one}


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


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0].lower()
