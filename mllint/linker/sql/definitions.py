"""Statements that define tables: CREATE in all its forms, and ALTER."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from mllint.lineage.ids import file_id
from mllint.linker.sql.made import defined, external, statement, trained
from mllint.linker.sql.models import model_name, training
from mllint.linker.sql.queries import Reader
from mllint.linker.sql.relations import Relation, of_table
from mllint.linker.sql.statements import OutputColumn, Statement, TableRead
from mllint.linker.sql.tables import table_name_of
from mllint.linker.sql.text import named


def create(reader: Reader, tree: exp.Create) -> Iterator[Statement]:
    kind = str(tree.args.get("kind")).upper()
    if kind == "MODEL" and isinstance(tree.expression, exp.Query):  # BigQuery ML
        yield trained(reader, model_name(tree.this), training(tree), reader.query(tree.expression, {}))
        return
    if kind not in ("TABLE", "VIEW"):
        yield statement(reader, "other", "", Relation())
        return
    target = table_name_of(tree.this)
    listed = [e for e in tree.this.expressions if isinstance(e, exp.ColumnDef | exp.Identifier)] if isinstance(
        tree.this, exp.Schema) else []  # fmt: skip
    names = [named(e.name) for e in listed]
    temporary = _property(tree, exp.TemporaryProperty) is not None or target.startswith("#")
    what = "view" if kind == "VIEW" else "create"
    model = _model(tree)
    dest = _property(tree, exp.ToTableProperty)
    if dest is not None and isinstance(tree.expression, exp.Query):  # ClickHouse: CREATE MATERIALIZED VIEW v TO t AS
        yield statement(reader, "insert", table_name_of(dest.this), reader.query(tree.expression, {}))
    elif isinstance(tree.expression, exp.Expr):
        relation = reader.query(tree.expression, reader.with_ctes(tree, {}))
        relation = relation.renamed(names) if names else relation
        yield defined(reader, what, target, relation, temporary)
        yield from _stored(reader, tree, target)
    elif model is not None:
        name = table_name_of(model)
        reader.note_read(model, name)
        yield defined(reader, what, target, of_table(name, reader.schema.columns(name)), temporary)
    else:
        types = [e.args["kind"].sql(reader.dialect) if e.args.get("kind") is not None else "" for e in listed]
        if names:
            reader.schema.add(target, names, types)
        # external tables: CREATE EXTERNAL TABLE t (...) LOCATION 's3://bucket/t', OPTIONS (uris=['gs://bucket/t'])
        sources = _places(tree)
        reader.reads.update(dict.fromkeys((source, *reader.parsed.at(None)) for source in sources))
        relation = of_table(sources[0], tuple(names) or None) if sources else Relation()
        yield statement(reader, "ddl", target, relation, temporary)


def _places(tree: exp.Create) -> list[str]:
    location = _property(tree, exp.LocationProperty)
    return [file_id(location.this.name)] if location is not None else external(tree)


def _stored(reader: Reader, tree: exp.Create, table: str) -> Iterator[Statement]:
    """CREATE TABLE t LOCATION 's3://bucket/t' AS SELECT ...: the rows of t lie in these files."""
    for place in _places(tree):
        files = Reader(reader.parsed, reader.schema)
        files.reads[(table, *reader.parsed.at(None))] = None
        yield statement(files, "copy", place, of_table(table, reader.schema.columns(table)))


def _property(tree: exp.Create, kind: type[exp.Expr]) -> exp.Expr | None:
    """A property of the statement; Postgres writes LIKE among the columns."""
    properties = tree.args.get("properties")
    listed = [*(properties.expressions if properties is not None else ()), *tree.this.expressions]
    return next((part for part in listed if isinstance(part, kind)), None)


def _model(tree: exp.Create) -> exp.Expr | None:
    """The table that another one is made like: CLONE, LIKE, or T-SQL's and Postgres' forms of it."""
    clone = tree.args.get("clone")
    like = clone if clone is not None else _property(tree, exp.LikeProperty)
    return like.this if like is not None and isinstance(like.this, exp.Table) else None


def alter(reader: Reader, tree: exp.Alter) -> Iterator[Statement]:
    name = table_name_of(tree.this)
    for action in tree.args.get("actions") or ():
        match action:
            case exp.AlterRename():
                new = table_name_of(action.this)
                if "." in name and "." not in new:  # a bare new name stays in the schema
                    new = f"{name.rpartition('.')[0]}.{new}"
                yield from _renamed(reader, "rename", name, new)
            case exp.SwapTable():
                other = table_name_of(action.this)
                yield from _renamed(reader, "swap", name, other)
            case exp.ColumnDef():
                known = reader.schema.columns(name)
                if known is not None:
                    reader.schema.add(name, [*known, named(action.name)])
            case exp.RenameColumn():
                known = reader.schema.columns(name)
                old, new = named(action.this.name), named(action.args["to"].name)
                if known is not None:
                    reader.schema.add(name, [new if column == old else column for column in known])
            case exp.Drop() if action.args.get("kind") == "COLUMN":
                known = reader.schema.columns(name)
                if known is not None:
                    gone = {named(c.name) for c in action.find_all(exp.Column)}
                    reader.schema.add(name, [column for column in known if column not in gone])
    yield statement(reader, "ddl", name, Relation())


def _renamed(reader: Reader, kind: str, old: str, new: str) -> Iterator[Statement]:
    schema = reader.schema
    before, after = schema.columns(old), schema.columns(new)
    line, column = reader.parsed.at(None)
    pairs = [(old, new, before)] if kind == "rename" else [(old, new, before), (new, old, after)]
    for source, target, columns in pairs:
        relation = of_table(source, columns)
        outputs = [OutputColumn(c.name, c.sources, c.expression) for c in relation.columns]
        reads = (TableRead(source, line, column),)
        yield Statement(kind, target, reads, tuple(outputs), open=columns is None, line=line, column=column)
    if kind == "rename":
        schema.rename(old, new)
    else:
        for target, columns in ((new, before), (old, after)):
            schema.remove(target) if columns is None else schema.add(target, columns)
