"""What may stand in FROM: tables, files, subqueries, table functions, unnested arrays, pivots."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from sqlglot import exp

from mllint.lineage.expressions import Unresolved
from mllint.lineage.ids import file_id
from mllint.linker.sql.columns import Columns, sources_of
from mllint.linker.sql.joining_back import join_back
from mllint.linker.sql.meanings import FILE_FUNCTIONS, TABLE_FUNCTIONS
from mllint.linker.sql.models import asked
from mllint.linker.sql.pivots import pivoted
from mllint.linker.sql.relations import Output, Relation, of_table, with_names
from mllint.linker.sql.routines import routine_called
from mllint.linker.sql.scope import Scope, star_of
from mllint.linker.sql.text import named

_FILES = {".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson", ".orc", ".avro", ".xlsx", ".gz", ".txt"}
_PARTITION = re.compile(r"(?<=\w)\$(?:\d{4,10}|__\w+__)$")
_FUNCTION = re.compile(r"(\w+)\s*\(\s*model\s[^()]*$", re.IGNORECASE)
_FORMATS = {"csv", "parquet", "json", "orc", "avro", "delta", "text", "binaryfile"}


def add_table(reader: Columns, node: exp.Expr, scope: Scope) -> None:
    """Put what `node` yields into the scope, under its alias or name, together with the joins it carries."""
    reader.step()
    alias = named(node.alias) if node.args.get("alias") is not None else ""
    match node:
        case exp.Table():
            name, relation = _table(reader, node, scope)
            parts = (alias,) if alias else tuple(name.split("."))
            if relation.table and any(other.table == relation.table for _, other in scope.relations):
                relation = relation.of_other_rows()
            relation = pivoted(reader, node, with_names(relation, node))
        case exp.Subquery() if _wraps_tables(node):
            inner = Scope(scope.ctes, scope)
            if not alias:
                inner = scope  # FROM ((a AS x JOIN b AS y ON ...)): x and y are seen outside
            add_table(reader, node.this, inner)
            add_joins(reader, node.args.get("joins"), inner)
            if alias:
                scope.relations.append(((alias,), with_names(star_of(inner), node)))
            return
        case exp.Alias() | exp.Column():  # ClickHouse: ARRAY JOIN tags AS tag
            element = reader.output(named(node.alias_or_name), node.unalias(), scope)
            reader.indirect.update(dict.fromkeys(element.sources))  # a row for each
            parts, relation = ("",), Relation([element])
        case exp.TableFromRows():  # Snowflake: TABLE(FLATTEN(items)) AS f
            called = node.this.expression if isinstance(node.this, exp.Dot) else node.this  # TABLE(tools.split(s))
            parts, relation = (alias,), with_names(_function(reader, called, scope), node)
        case exp.Final():  # ClickHouse: FROM rides FINAL
            add_table(reader, node.this, scope)
            return
        case exp.Lateral() | exp.Unnest():
            parts, relation = (alias,), _unnested(reader, node, scope, alias)
        case exp.Query() | exp.Values():
            parts, relation = (alias,), pivoted(reader, node, reader.query(node, scope.ctes, scope))
        case _:  # what we do not know still reads its tables
            for table in node.find_all(exp.Table):
                add_table(reader, table, scope)
            return
    scope.relations.append((parts, relation))
    for lateral in node.args.get("laterals") or ():
        add_table(reader, lateral, scope)
    add_joins(reader, node.args.get("joins"), scope)


def add_joins(reader: Columns, joins: Iterable[exp.Join] | None, scope: Scope) -> None:
    for join in joins or ():
        before = len(scope.relations)
        add_table(reader, join.this, scope)
        for name in _merged(join, scope, before):
            scope.merged.add(name)
            for _, relation in scope.relations:
                reader.indirect.update(dict.fromkeys(sources_of(relation.find(name))))
        reader.note([join.args.get("on"), join.args.get("match_condition")], scope)
        join_back(join, scope, before)
        if join.side.upper() != "RIGHT" and join.kind.upper() in ("SEMI", "ANTI"):
            del scope.relations[before:]  # its columns cannot be selected


def _merged(join: exp.Join, scope: Scope, before: int) -> list[str]:
    """Names of columns that a join merges to one: those of USING; of a NATURAL join, all that both sides have."""
    if join.method.upper() != "NATURAL":
        return [named(key.name) for key in join.args.get("using") or ()]
    left = {name for _, relation in scope.relations[:before] for name in relation.names}
    return [name for _, relation in scope.relations[before:] for name in relation.names if name in left]


def _wraps_tables(node: exp.Expr) -> bool:
    """Whether brackets stand around tables and joins rather than around a query: `((a AS x JOIN b AS y ON ...))`."""
    while isinstance(node, exp.Subquery):
        if node.args.get("joins"):
            return True
        node = node.this
    return isinstance(node, exp.Table)


def table_name_of(node: exp.Expr) -> str:
    """The name of an `exp.Table` (or of the schema, or column, around it) as written; files as `file:PATH` or URL."""
    if isinstance(node, exp.Schema):
        return table_name_of(node.this)
    if isinstance(node, exp.Func):  # ClickHouse: INSERT INTO FUNCTION s3('https://...')
        return next((file_id(e.name) for e in node.find_all(exp.Literal) if "://" in e.name), "")
    if isinstance(node, exp.Directory):
        return file_id(node.this.name)
    if not isinstance(node, exp.Table):
        return named(node.name) if isinstance(node, exp.Column | exp.Identifier) else ""
    if isinstance(node.this, exp.Var) and node.this.name.startswith("@"):
        return "file:" + node.this.name  # a stage: COPY INTO t FROM @stage/path
    if isinstance(node.this, exp.Parameter):
        return "@" + named(node.this.name)  # a table variable of T-SQL
    if isinstance(node.this, exp.Literal):
        return file_id(node.this.name)
    if isinstance(node.this, exp.DynamicIdentifier):  # Snowflake: FROM IDENTIFIER('db.rides'), IDENTIFIER($rides)
        said = node.this.this
        return named(said.name) if isinstance(said, exp.Literal) else f"{{{said.name}}}"
    parts = [part.name for part in node.parts if part.name]
    if parts and "$" in parts[-1]:  # BigQuery: rides$20240101 is a partition of rides
        parts[-1] = _PARTITION.sub("", parts[-1])
    if parts and isinstance(node.this, exp.Identifier) and node.this.args.get("temporary"):
        parts[-1] = "#" + parts[-1]  # T-SQL: SELECT ... INTO #recent
    last = node.this
    if isinstance(last, exp.Identifier) and last.quoted:
        if len(parts) == 2 and parts[0].lower() in _FORMATS and ("/" in parts[1] or "." in parts[1]):
            return file_id(parts[1])  # Spark: SELECT * FROM csv.`data/trips/`
        if len(parts) == 1 and ("://" in parts[0] or posixpath.splitext(parts[0])[1].lower() in _FILES):
            return file_id(parts[0])  # DuckDB: SELECT * FROM 'trips.parquet'
    return named(".".join(parts)).strip(".")


def _table(reader: Columns, node: exp.Table, scope: Scope) -> tuple[str, Relation]:
    if isinstance(node.this, exp.SemanticView):
        return named(node.alias), _semantic_view(reader, node.this)
    if isinstance(node.this, exp.Func) and not isinstance(node.this, exp.DynamicIdentifier):
        return named(node.alias), _function(reader, node.this, scope)
    name = table_name_of(node)
    if reader.dialect == "snowflake" and name.startswith("@"):
        name = "file:" + name  # FROM DIRECTORY(@stage)
    if "." not in name and name in scope.ctes:
        return name, scope.ctes[name]
    if len(node.parts) == 2:  # BigQuery: FROM trips t, t.items -> an array of a table that is already in scope
        for known, relation in scope.relations:
            if known == (named(node.db),):
                return name, Relation(every=relation.find(named(node.name)))
    if not name:
        return "", Relation()
    model = reader.schema.functions.get(f"table {name}", "")
    if model:  # MADlib: FROM houses, houses_linregr AS m
        reader.note_read(node, model)
        return name, Relation(every=Output("", ((model, "*"),), Unresolved("a part of a model")))
    reader.note_read(node, name)
    relation = of_table(name, reader.schema.columns(name))
    relation.grouped = reader.schema.grouped.get(name)
    return name, relation


def _function(reader: Columns, node: exp.Func, scope: Scope) -> Relation:
    """`read_csv('trips.csv')` is the file; of another table function, every column comes from its arguments."""
    if isinstance(node, exp.Predict | exp.MLForecast):  # BigQuery: FROM ML.PREDICT(MODEL d.eta, (SELECT ...))
        return asked(reader, node, _called(reader, node), scope)
    if isinstance(node, exp.ModelAttribute):  # Snowflake: FROM TABLE(eta!FORECAST(...))
        return Relation(every=reader.output("", node, scope))
    first = next(iter(node.expressions), None) or node.args.get("this")
    if isinstance(first, exp.Column) and isinstance(node, exp.Anonymous) and node.name.lower() == "stream":
        name = named(".".join(part.name for part in first.parts))  # Databricks: FROM STREAM(live.rides)
        reader.note_read(first, name)
        return of_table(name, reader.schema.columns(name))
    routine = routine_called(node, reader.schema)
    if routine is not None:
        return reader.rows_of_routine(node, routine, scope)
    called = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
    is_file = called in FILE_FUNCTIONS or called.startswith(("read_", "parquet_scan", "scan_"))
    if is_file and isinstance(first, exp.Literal) and first.is_string:
        name = file_id(first.name)
        reader.note_read(node, name)
        return of_table(name, reader.schema.columns(name))
    passed = _passed(reader, node)
    if passed.tables():
        return passed
    listed = [named(e.name) for e in node.find_all(exp.OpenJSONColumnDef, exp.JSONColumnDef, exp.ColumnDef) if e.name]
    given = exp.Tuple(expressions=node.args.get("passing")) if isinstance(node, exp.XMLTable) else node
    every = reader.output("", given, scope)
    reader.indirect.update(dict.fromkeys(every.sources))  # it decides how many rows there are
    names = listed or list(TABLE_FUNCTIONS.get(called, ()))
    if not names:
        return Relation(every=every)
    return _with_fields([Output(name, every.sources, every.expression) for name in names], every)


def _called(reader: Columns, node: exp.Expr) -> str:
    """`evaluate` of ML.EVALUATE(MODEL d.eta, ...), which is parsed under another name (see `clauses`)."""
    start = node.this.this.meta.get("start", 0) if isinstance(node.this, exp.Table) else 0
    found = _FUNCTION.search(reader.parsed.text, max(0, start - 400), start)
    return found[1].lower() if found is not None else "predict"


def _passed(reader: Columns, node: exp.Func) -> Relation:
    """The tables that a table function is given: Trino TABLE(exclude_columns(input => TABLE(rides), ...))"""
    found = Relation()
    for part in node.find_all(exp.Anonymous):
        table = next(iter(part.expressions), None)
        if part is not node and part.name.upper() == "TABLE" and isinstance(table, exp.Column):
            name = named(".".join(each.name for each in table.parts))
            reader.note_read(table, name)
            found = Relation(open=[*found.open, (name,)])
    return found


def _semantic_view(reader: Columns, node: exp.SemanticView) -> Relation:
    """Snowflake: FROM SEMANTIC_VIEW(sales DIMENSIONS region, date_trunc('month', at) AS month METRICS revenue)"""
    scope = Scope({}, None)
    add_table(reader, node.this, scope)
    listed = [e for part in ("dimensions", "metrics", "facts") for e in node.args.get(part) or ()]
    reader.note([node.args.get("where")], scope)
    outputs = []
    for part in listed:
        inner = part.unalias()
        bare = exp.column(inner.this.copy()) if isinstance(inner, exp.Column) else inner  # `customer.region`
        outputs.append(reader.output(named(part.alias_or_name), bare, scope))
    relation = Relation(outputs)
    relation.table = table_name_of(node.this)
    return relation


def _unnested(reader: Columns, node: exp.Expr, scope: Scope, alias: str) -> Relation:
    inner = node.this if isinstance(node, exp.Lateral) else node
    if isinstance(inner, exp.Query):  # LATERAL (SELECT ...)
        return with_names(reader.query(inner, scope.ctes, scope), node)
    if isinstance(inner, exp.Func) and routine_called(inner, reader.schema) is not None:
        return with_names(_function(reader, inner, scope), node)
    sources = tuple(reader.sources(inner, scope))
    reader.indirect.update(dict.fromkeys(sources))  # a row for each element
    every = Output("", sources, Unresolved("an element of an array"))
    table_alias = node.args.get("alias")
    columns = [named(c.name) for c in (table_alias.args.get("columns") if table_alias else None) or ()]
    if not columns and isinstance(inner, exp.Func) and not isinstance(inner, exp.Unnest | exp.Explode):
        return _function(reader, inner, scope)
    if not columns and alias:
        columns = [alias]  # BigQuery: UNNEST(items) AS item
    offset = node.args.get("offset")
    position = [Output(named(offset.name), (), Unresolved("a position"))] if isinstance(offset, exp.Identifier) else []
    each = [sources] * len(columns)
    if isinstance(inner, exp.Unnest) and len(inner.expressions) == len(columns) > 1:  # UNNEST(xs, ys) AS r (x, y)
        each = [tuple(reader.sources(array, scope)) for array in inner.expressions]
    named_columns = position + [Output(n, s, every.expression) for n, s in zip(columns, each, strict=True)]
    # `item.price` reads a field of the element: any other name of this relation means the array too
    return Relation(named_columns) if len(columns) > 1 and not position else _with_fields(named_columns, every)


def _with_fields(columns: list[Output], every: Output) -> Relation:
    relation = Relation(columns)
    relation.fields = every
    return relation
