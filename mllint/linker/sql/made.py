"""From what a reader found to the record of a statement."""

from __future__ import annotations

import msgspec
from sqlglot import exp

from mllint.lineage.expressions import Unresolved
from mllint.lineage.ids import file_id
from mllint.linker.sql.limits import limits_of
from mllint.linker.sql.queries import Reader
from mllint.linker.sql.relations import Relation
from mllint.linker.sql.statements import OutputColumn, Statement, TableRead, Training


def statement(reader: Reader, kind: str, target: str, relation: Relation, temporary: bool = False) -> Statement:
    line, column = reader.parsed.at(None)
    columns = reader.listed(relation)
    unknown = [(table, "*") for group in relation.open for table in group]
    unknown += relation.every.sources if relation.every is not None else ()
    if unknown:
        columns.append(OutputColumn("*", tuple(unknown), Unresolved("the columns of a star")))
    return Statement(
        kind, target, reads(reader), tuple(columns), tuple(sorted(reader.indirect)),
        reader.open or not relation.closed, line, column, temporary=temporary,
        limits=limits_of(reader.parsed.tree, reader.indirect),
        ambiguous=tuple(reader.ambiguous), rejoins=reader.rejoins, scored=tuple(reader.scored),
    )  # fmt: skip


def trained(reader: Reader, name: str, training: Training, relation: Relation) -> Statement:
    """A statement that trains a model on the rows of a query."""
    id = "model:" + name
    reader.schema.labels[id] = training.label
    if relation.closed:
        left = (training.label, *training.left)
        reader.schema.features[id] = tuple(c.name for c in relation.columns if c.name not in left)
    return msgspec.structs.replace(statement(reader, "model", "model:" + name, relation), training=training)


def uris(tree: exp.Expr) -> list[str]:
    return [file_id(literal.name) for literal in tree.find_all(exp.Literal) if "://" in literal.name]


def external(tree: exp.Expr) -> list[str]:
    """The files behind a table: OPTIONS (path '/rides.csv', uris = ['gs://...']), ENGINE = S3('https://...')."""
    found: list[str] = []
    for part in tree.find_all(exp.Property, exp.EngineProperty):
        if (isinstance(part, exp.EngineProperty) and isinstance(part.this, exp.Func)) or part.name.lower() in (
            "uris",
            "uri",
            "location",
            "external_location",  # Athena, Trino
        ):
            found += uris(part)
        elif part.name.lower() in ("path", "filename") and isinstance(part.args.get("value"), exp.Literal):
            found.append(file_id(part.args["value"].name))
    return list(dict.fromkeys(found))


def reads(reader: Reader) -> tuple[TableRead, ...]:
    return tuple(TableRead(*read) for read in reader.reads)


def defined(reader: Reader, kind: str, target: str, relation: Relation, temporary: bool = False) -> Statement:
    """A statement that defines its target: the schema learns the columns."""
    if relation.closed and relation.columns:
        reader.schema.add(target, [column.name for column in relation.columns])
    else:
        reader.schema.remove(target)
    reader.schema.grouped.pop(target, None)
    if relation.grouped is not None:
        reader.schema.grouped[target] = relation.grouped
    return statement(reader, kind, target, relation, temporary)
