"""What changes rows that are there: UPDATE, MERGE, DELETE, and INSERT where a row exists already."""

from __future__ import annotations

from sqlglot import exp

from mllint.linker.sql.made import statement
from mllint.linker.sql.queries import Reader
from mllint.linker.sql.relations import Output, Relation, of_table, union
from mllint.linker.sql.scope import Scope
from mllint.linker.sql.statements import Statement
from mllint.linker.sql.tables import add_joins, add_table, table_name_of
from mllint.linker.sql.text import named


def update(reader: Reader, tree: exp.Update, around: dict[str, Relation]) -> Statement:
    ctes = reader.with_ctes(tree, around)
    scope = Scope(ctes, None)
    from_ = tree.args.get("from_")
    if from_ is not None:
        add_table(reader, from_.this, scope)
        add_joins(reader, tree.args.get("joins"), scope)
    target = _target_of(tree.this, from_)
    if target in ctes:
        target = _behind(ctes, target)
        scope.relations.append(((named(tree.this.name),), ctes[named(tree.this.name)]))
    elif _is_fresh(tree.this, scope):
        _add_target(reader, tree.this, scope, target)
    outputs = _assignments(reader, tree.expressions, scope)
    reader.note([tree.args.get("where"), tree.args.get("order")], scope)
    for read in [read for read in reader.reads if (from_ is not None or ctes) and read[0] == target]:
        del reader.reads[read]  # T-SQL lists the updated table in FROM: it is no source of itself
    return statement(reader, "update", target, Relation(outputs))


def _target_of(table: exp.Expr, from_: exp.Expr | None) -> str:
    """T-SQL names the alias: UPDATE t SET ... FROM trips AS t."""
    name = table_name_of(table)
    for other in from_.find_all(exp.Table) if from_ is not None else ():
        if named(other.alias) == name:
            return table_name_of(other)
    return name


def _behind(ctes: dict[str, Relation], name: str) -> str:
    """T-SQL changes a table through a common table expression: WITH q AS (SELECT ... FROM t) UPDATE q SET ..."""
    tables = ctes[name].tables()
    return tables[0] if len(tables) == 1 else name


def _is_fresh(table: exp.Expr, scope: Scope) -> bool:
    name = named(table.alias_or_name)
    return all(parts[-1:] != (name,) for parts, _ in scope.relations)


def _add_target(reader: Reader, table: exp.Expr, scope: Scope, target: str) -> None:
    """The updated table is in scope, and its own columns may be read, but it is not a source of itself."""
    names = tuple(target.split("."))
    relation = of_table(target, reader.schema.columns(target))
    alias = named(table.alias) if table.args.get("alias") is not None else ""
    scope.relations.insert(0, ((alias,) if alias else names, relation))
    add_joins(reader, table.args.get("joins"), scope)


def _assignments(reader: Reader, nodes: list[exp.Expr], scope: Scope) -> list[Output]:
    outputs = []
    for node in nodes:
        if not isinstance(node, exp.EQ):
            continue
        left, right = node.this, node.expression
        if isinstance(left, exp.Tuple):  # SET (a, b) = (SELECT x, y FROM ...)
            names = [named(e.name) for e in left.expressions]
            if isinstance(right, exp.Query):
                outputs += reader.query(right, scope.ctes, scope).renamed(names).columns
            elif isinstance(right, exp.Tuple):
                outputs += [reader.output(n, v, scope) for n, v in zip(names, right.expressions, strict=False)]
        else:
            outputs.append(reader.output(named(left.name), right, scope))
    return outputs


def merge(reader: Reader, tree: exp.Merge, around: dict[str, Relation]) -> Statement:
    scope = Scope(reader.with_ctes(tree, around), None)
    add_table(reader, tree.args["using"], scope)
    using = scope.relations[-1][1]
    target = table_name_of(tree.this)
    _add_target(reader, tree.this, scope, target)
    scope.relations.append(scope.relations.pop(0))  # an unqualified column of INSERT is the source's
    reader.note([tree.args.get("on")], scope)
    relation = Relation()
    for when in tree.args["whens"].expressions:
        reader.note([when.args.get("condition"), when.args["then"].args.get("where")], scope)
        relation = _merged(relation, _branch(reader, when.args["then"], scope, using, target))
    return statement(reader, "merge", target, relation)


def _branch(reader: Reader, then: exp.Expr, scope: Scope, using: Relation, target: str) -> Relation:
    if isinstance(then, exp.Update):
        if any(isinstance(e, exp.Star) for e in then.expressions) or isinstance(then.this, exp.Star):
            return using  # Delta: UPDATE SET *
        return Relation(_assignments(reader, then.expressions, scope))
    if not isinstance(then, exp.Insert):
        return Relation()
    values = then.expression
    if isinstance(then.this, exp.Star) or not isinstance(values, exp.Tuple):
        return using  # INSERT *, INSERT ROW
    columns = then.this.expressions if isinstance(then.this, exp.Tuple | exp.Schema) else []
    names = [named(c.name) for c in columns] or list(reader.schema.columns(target) or ())
    return Relation([reader.output(n, v, scope) for n, v in zip(names, values.expressions, strict=False)])


def _merged(left: Relation, right: Relation) -> Relation:
    if not left.columns and not left.open:
        return right
    merged = union(left, right, by_name=True)
    return Relation(merged.columns, left.open + right.open)


def delete(reader: Reader, tree: exp.Delete, around: dict[str, Relation]) -> Statement:
    ctes = reader.with_ctes(tree, around)
    scope = Scope(ctes, None)
    named_tables = tree.args.get("tables") or []
    using = tree.args.get("using") or []
    for table in using if isinstance(using, list) else [using]:
        add_table(reader, table, scope)
    target = table_name_of(tree.this) if isinstance(tree.this, exp.Expr) else ""
    if named_tables:  # T-SQL, MySQL: DELETE t FROM trips t JOIN ...
        target = _target_of(named_tables[0], tree)
    if target in ctes:  # T-SQL: WITH q AS (SELECT *, row_number() OVER (...) AS n FROM t) DELETE FROM q WHERE n > 1
        scope.relations.append(((target,), ctes[target]))
        target = _behind(ctes, target)
        for read in [read for read in reader.reads if read[0] == target]:
            del reader.reads[read]
    elif isinstance(tree.this, exp.Expr):
        _add_target(reader, tree.this, scope, target)
    reader.note([tree.args.get("where")], scope)
    return statement(reader, "delete", target, Relation())


def on_conflict(reader: Reader, tree: exp.Insert, target: str, inserted: Relation) -> Relation:
    """With what an INSERT sets where the row is there: ON CONFLICT (id) DO UPDATE SET n = excluded.n + rides.n"""
    conflict = tree.args.get("conflict")
    if conflict is None or not conflict.expressions:
        return inserted
    outside = Scope({}, None)
    outside.relations.append((("excluded",), inserted))
    scope = Scope({}, outside)  # a bare column is one of the row that is there
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    _add_target(reader, table, scope, target)
    for node in conflict.find_all(exp.Anonymous):
        if node.name.upper() == "VALUES" and len(node.expressions) == 1:  # MySQL: SET n = VALUES(n)
            node.replace(exp.column(node.expressions[0].name, "excluded"))
    set_ = Relation(_assignments(reader, conflict.expressions, scope))
    reader.note([conflict.args.get("where")], scope)
    return _merged(inserted, set_)
