"""What a statement writes, and from where: one function per kind of statement, over `queries.Reader`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.errors import SqlglotError

from mllint.lineage.ids import file_id
from mllint.linker.sql.changes import delete, merge, on_conflict, update
from mllint.linker.sql.columns import TooCostlyError
from mllint.linker.sql.definitions import alter, create
from mllint.linker.sql.fallback import by_words
from mllint.linker.sql.made import defined, statement, trained, uris
from mllint.linker.sql.namespaces import home_of, settled
from mllint.linker.sql.outputs import handed_on, returned
from mllint.linker.sql.parse import Parsed
from mllint.linker.sql.queries import Reader
from mllint.linker.sql.relations import Relation, of_table
from mllint.linker.sql.routines import keep
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.scope import Scope
from mllint.linker.sql.statements import Statement
from mllint.linker.sql.tables import add_table, table_name_of
from mllint.linker.sql.text import named


def derive(parsed: Parsed, schema: Schema) -> Iterator[Statement]:
    """The lineage of one parsed statement; it may add to the schema. Falls back to table level, never raises."""
    around, schema.within = schema.within, home_of(parsed.namespace) or schema.within
    try:
        statements = list(_whole(parsed, schema))
    finally:
        schema.within = around
    for each in statements:
        each = settled(each, parsed.namespace, parsed.local)
        if parsed.routine is not None and not parsed.into and not parsed.problem:
            keep(parsed.routine, each, parsed.before(), bool(parsed.loop), schema)
        yield each


def _whole(parsed: Parsed, schema: Schema) -> Iterator[Statement]:
    if parsed.tree is None:
        yield from by_words(parsed, schema, derive)
        return
    try:
        statements = list(_derive(parsed, schema))
        if parsed.handover is not None:
            statements += handed_on(parsed, schema, statements[-1])
    except (RecursionError, TooCostlyError):
        parsed.problem = "too deep or too costly for columns"
    except (SqlglotError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        parsed.problem = f"columns not understood: {type(error).__name__}"  # shapes of trees that we did not foresee
    else:
        yield from statements
        return
    yield from by_words(parsed, schema, derive)


def _derive(parsed: Parsed, schema: Schema) -> Iterator[Statement]:
    reader = Reader(parsed, schema, _changed)
    for made in list(_made(reader, parsed, schema)):
        yield from reader.before
        reader.before = []
        yield made


def _made(reader: Reader, parsed: Parsed, schema: Schema) -> Iterator[Statement]:
    tree = parsed.tree
    match tree:
        case exp.Query() if parsed.trains is not None:
            made = parsed.trains
            model = f"model:{made.model}"
            if made.function:
                schema.functions[made.function] = model
            if made.table:
                schema.functions[f"table {made.model}"] = model
            yield trained(reader, made.model, made.training, reader.query(tree, {}))
        case exp.Query() if parsed.loop or parsed.into:
            relation = reader.query(tree, {})
            parsed.variables.update(zip(parsed.into, relation.columns, strict=False))
            if parsed.loop:
                parsed.variables[parsed.loop] = relation.row(parsed.loop)
            yield statement(reader, "select", "", relation)
        case exp.Select() if tree.args.get("into") is not None:
            target = table_name_of(tree.args["into"].this)
            yield defined(reader, "create", target, reader.query(tree, {}))
        case exp.Insert():
            yield _insert(reader, tree, {})
        case exp.MultitableInserts():
            yield from _insert_all(parsed, schema, tree)
        case exp.Query() | exp.Values():
            yield statement(reader, "select", "", reader.query(tree, {}))
        case exp.Create():
            yield from create(reader, tree)
        case exp.Cache() if tree.expression is not None:
            yield defined(reader, "create", table_name_of(tree.this), reader.query(tree.expression, {}))
        case exp.Update():
            yield update(reader, tree, {})
        case exp.Merge():
            yield merge(reader, tree, {})
        case exp.Delete():
            yield delete(reader, tree, {})
        case exp.Copy():
            yield from _copy(reader, tree)
        case exp.LoadData():
            inpath = tree.args.get("inpath")
            sources = [file_id(inpath.name)] if inpath is not None else uris(tree)
            reader.reads.update(dict.fromkeys((source, *parsed.at(None)) for source in sources))
            listed = (
                [named(column.name) for column in tree.this.expressions] if isinstance(tree.this, exp.Schema) else []
            )
            relation = of_table(sources[0], tuple(listed)) if listed and sources else Relation(open=[tuple(sources)])
            yield statement(reader, "copy", table_name_of(tree.this), relation)
        case exp.Export():  # BigQuery: EXPORT DATA OPTIONS (uri='gs://...') AS SELECT ...
            for target in uris(tree):
                yield statement(reader, "copy", target, reader.query(tree.this, {}))
        case exp.Pivot():
            yield statement(reader, "select", "", reader.query(tree, {}))
        case exp.Alter():
            yield from alter(reader, tree)
        case exp.Drop() if str(tree.args.get("kind")).upper() in ("TABLE", "VIEW"):
            for table in tree.args.get("tables") or [tree.this]:
                name = table_name_of(table)
                schema.remove(name)
                yield statement(reader, "drop", name, Relation())
        case exp.Drop() | exp.Set() | exp.Use() | exp.Declare() | exp.TruncateTable() | exp.Analyze() | exp.Refresh():
            yield statement(reader, "other", "", Relation())
        case _ if tree is not None and any(isinstance(part, exp.Table) for part in tree.walk()):
            yield from by_words(parsed, schema, derive)
        case _:
            yield statement(reader, "other", "", Relation())


# ---------------------------------------------------------------------------------------------------- statements


def _changed(around: Reader, tree: exp.DML, ctes: dict[str, Relation]) -> Relation:
    """A change inside of a query, and the rows that it hands on. Postgres: WITH new AS (INSERT INTO rides SELECT ...
    RETURNING id) SELECT ..."""
    reader = Reader(around.parsed, around.schema, _changed)
    if any(named(table.name) in ctes for table in tree.find_all(exp.Table)):
        reader.reads.update(around.reads)
        reader.indirect.update(around.indirect)
    match tree:
        case exp.Insert():
            change = _insert(reader, tree, ctes)
        case exp.Update():
            change = update(reader, tree, ctes)
        case exp.Merge():
            change = merge(reader, tree, ctes)
        case exp.Delete():
            change = delete(reader, tree, ctes)
        case _:
            return Relation()
    around.before += [*reader.before, change]
    around.indirect.update(reader.indirect)
    return returned(around, tree, change, ctes)


def _insert(reader: Reader, tree: exp.Insert, around: dict[str, Relation]) -> Statement:
    ctes = reader.with_ctes(tree, around)
    target = table_name_of(tree.this)
    body = tree.expression
    relation = reader.query(body, ctes) if isinstance(body, exp.Expr) else Relation()
    if body is None and isinstance(tree.args.get("source"), exp.Expr):
        relation = reader.query(tree.args["source"], ctes)
    known = reader.schema.columns(target)
    if isinstance(tree.this, exp.Schema):
        names = [named(column.name) for column in tree.this.expressions]
        relation = relation.renamed(names)
    elif known and relation.closed and not tree.args.get("by_name"):
        fixed = _partition(tree)
        names = [name for name in known if name not in fixed]
        if len(relation.columns) <= len(names):
            relation = relation.renamed(names)
    elif isinstance(body, exp.Values):  # INSERT INTO t VALUES (1, 2): nothing tells the names
        relation = Relation()
    elif known is None and relation.columns and relation.closed:
        reader.schema.add(target, [column.name for column in relation.columns])  # all that is known of it
    if isinstance(tree.this, exp.Directory):
        return statement(reader, "copy", target, relation)
    return statement(reader, "insert", target, on_conflict(reader, tree, target, relation))


def _insert_all(parsed: Parsed, schema: Schema, tree: exp.MultitableInserts) -> Iterator[Statement]:
    """One statement for each target. Oracle, Snowflake: INSERT ALL INTO a (x) VALUES (p) INTO b (y) VALUES (q)
    SELECT p, q FROM s; Hive: FROM s INSERT OVERWRITE TABLE a SELECT p INSERT OVERWRITE TABLE b SELECT q."""
    conditions: list[exp.Expr] = []
    for branch in tree.expressions:
        reader = Reader(parsed, schema)
        scope = Scope({}, None)
        insert = branch.this if isinstance(branch, exp.ConditionalInsert) else branch
        own = [branch.args["expression"]] if insert is not branch and branch.args.get("expression") else []
        conditions += own
        source = tree.args["source"]
        if isinstance(insert.expression, exp.Query):
            add_table(reader, source, scope)
            relation = reader.query(insert.expression, {}, scope)
        else:
            relation = reader.query(source, {})
            scope.relations.append((("",), relation))
        target = table_name_of(insert.this)
        names = [named(c.name) for c in insert.this.expressions] if isinstance(insert.this, exp.Schema) else []
        names = names or list(schema.columns(target) or ())
        if isinstance(insert.expression, exp.Values):
            values = insert.expression.expressions[0].expressions
            relation = Relation([reader.output(n, v, scope) for n, v in zip(names, values, strict=False)])
        reader.note(conditions if branch.args.get("else_") else own, scope)
        yield statement(reader, "insert", target, relation)


def _partition(tree: exp.Insert) -> set[str]:
    """Columns that `PARTITION (day = 20240101)` fixes: the query does not yield them."""
    partition = tree.this.args.get("partition") if isinstance(tree.this, exp.Table) else tree.args.get("partition")
    if not isinstance(partition, exp.Partition):
        return set()
    return {named(e.this.name) for e in partition.expressions if isinstance(e, exp.EQ)}


def _copy(reader: Reader, tree: exp.Copy) -> Iterator[Statement]:
    """COPY t FROM 'file' and COPY INTO t FROM @stage load; COPY t TO 'file' and COPY INTO @stage FROM t unload."""
    files = tree.args.get("files") or []
    inner = tree.this
    loads = bool(tree.args.get("kind"))
    if isinstance(inner, exp.Query):
        relation: Relation | None = reader.query(inner, {})
        table = ""
    else:
        relation, table = None, table_name_of(inner)
    for file in files:
        if isinstance(file, exp.Query):  # COPY INTO t FROM (SELECT $1 FROM @stage)
            loaded = reader.query(file, {})
            names = [named(e.name) for e in inner.expressions] if isinstance(inner, exp.Schema) else []
            yield statement(reader, "copy", table, loaded.renamed(names) if names else loaded)
            continue
        other = file_id(file.name) if isinstance(file, exp.Literal) else table_name_of(file)
        if other.lower() == "local":  # Vertica: COPY t FROM LOCAL 'rides.csv'
            other = next((file_id(each.name) for each in tree.find_all(exp.Literal) if each.is_string), "")
        if not other or other.lower().removeprefix("file:") in ("stdin", "stdout", "program"):
            continue
        source, target = (other, table) if loads else (table, other)
        if relation is None:
            reader.reads[(source, *reader.parsed.at(None))] = None
            columns = [named(e.name) for e in inner.expressions] if isinstance(inner, exp.Schema) else []
            relation = of_table(source, tuple(columns) or reader.schema.columns(table if loads else source))
        yield statement(reader, "copy", target, relation)
