"""What a change of rows hands on.

T-SQL: DELETE FROM rides OUTPUT deleted.id INTO archive (id) WHERE ...; Postgres: DELETE FROM rides ... RETURNING id
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from mllint.linker.sql.made import statement
from mllint.linker.sql.parse import Parsed, items_of
from mllint.linker.sql.queries import Reader
from mllint.linker.sql.relations import Output, Relation, of_table, side_by_side
from mllint.linker.sql.schema import Schema, table_name
from mllint.linker.sql.scope import Scope
from mllint.linker.sql.statements import Statement
from mllint.linker.sql.tables import add_joins, add_table
from mllint.linker.sql.text import named


def handed_on(parsed: Parsed, schema: Schema, change: Statement) -> Iterator[Statement]:
    """What the OUTPUT clause of `change` writes: rows of its table as they were, or as they are now."""
    handover = parsed.handover
    items = items_of(parsed, handover.items) if handover is not None else []
    if handover is None or not items:
        return
    reader = Reader(parsed, schema)
    scope = Scope({}, None)
    old, new = _rows(change, schema)
    scope.relations += [(("deleted",), old), (("inserted",), new)]
    _add_sources(reader, parsed.tree, scope)
    target = table_name(handover.target)
    names = handover.columns or list(schema.columns(target) or ())
    outputs = []
    for i, item in enumerate(items):
        name = names[i] if i < len(names) else item.alias_or_name.lower()
        outputs.append(reader.output(name, item.unalias(), scope))
    tables = dict.fromkeys(table for output in outputs for table, _ in output.sources)
    reader.reads = {(table, *parsed.at(None)): None for table in tables}
    reader.indirect.clear()  # it is the change that they choose rows for
    yield statement(reader, "insert", target, Relation(outputs))


def returned(reader: Reader, tree: exp.DML, change: Statement, ctes: dict[str, Relation]) -> Relation:
    """What the RETURNING clause of `change` yields: with it, the query around it reads where the rows came from."""
    returning = tree.args.get("returning")
    if returning is None:
        return Relation()
    old, new = _rows(change, reader.schema)
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    called = (named(table.alias),) if table.args.get("alias") is not None else tuple(change.target.split("."))
    aside = Reader(reader.parsed, reader.schema)  # the change itself has told what it reads
    scope = Scope(ctes, None)
    scope.relations.append((called, old if isinstance(tree, exp.Delete) else new))
    _add_sources(aside, tree, scope)
    relation = side_by_side([aside.project(item, scope) for item in returning.expressions])
    reader.reads.update(dict.fromkeys((table, *reader.parsed.at(None)) for table in relation.tables()))
    return relation


def _rows(change: Statement, schema: Schema) -> tuple[Relation, Relation]:
    """Rows of the changed table as they were, and as they are now."""
    old = of_table(change.target, schema.columns(change.target))
    given = [Output(c.name, c.sources, c.expression) for c in change.columns if c.name != "*"]
    return old, Relation(given + [c for c in old.columns if c.name not in {g.name for g in given}], old.open)


def _add_sources(reader: Reader, tree: exp.Expr | None, scope: Scope) -> None:
    """UPDATE ... FROM, MERGE ... USING and DELETE ... USING: their rows may be handed on too."""
    part = tree.args.get("from_" if isinstance(tree, exp.Update) else "using") if tree is not None else None
    if not isinstance(tree, exp.Update | exp.Merge | exp.Delete):
        return
    for source in part if isinstance(part, list) else [part.this if isinstance(part, exp.From) else part]:
        if isinstance(source, exp.Table | exp.Subquery):
            add_table(reader, source, scope)
    add_joins(reader, tree.args.get("joins") if not isinstance(tree, exp.Delete) else None, scope)
