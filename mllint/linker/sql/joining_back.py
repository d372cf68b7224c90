"""Aggregates of a table that are joined with its rows again are windows over it.

WITH means AS (SELECT city, avg(price) AS m FROM rides GROUP BY city)
SELECT r.km, means.m FROM rides AS r JOIN means ON means.city = r.city    -- avg(price) OVER (PARTITION BY city)

Only where nothing else chooses rows: then every row of the table is beside what was computed of it, and of others.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlglot import exp

from mllint.lineage.expressions import Column, Constant, Expression, apply, is_known
from mllint.linker.sql.relations import Grouped, Output, Relation
from mllint.linker.sql.scope import Scope
from mllint.linker.sql.text import named

_CHOOSES = (
    "where",
    "having",
    "qualify",
    "distinct",
    "limit",
    "joins",
    "laterals",
    "match",
    "prewhere",
    "connect",
    "sample",
)


def note_rows_of(node: exp.Select, scope: Scope, relation: Relation) -> None:
    """Note on the result of a SELECT whether it has a row for each row, or for each group, of one table."""
    whole = scope.relations[0][1].whole if len(scope.relations) == 1 else ""
    if not whole or any(node.args.get(key) for key in _CHOOSES) or node.find(exp.Explode, exp.Unnest):
        return
    group = node.args.get("group")
    if group is None and not any(item.find(exp.AggFunc) for item in node.expressions):
        relation.whole = whole
        return
    if relation.open or (group is not None and any(v for k, v in group.args.items() if k != "expressions")):
        return
    listed = group.expressions if group is not None else []
    keys = dict(_keys(listed, node, scope, relation))
    if len(keys) == len(listed):
        made = {c.name: c.expression for c in relation.columns if c.name not in keys and is_known(c.expression)}
        relation.grouped = Grouped(whole, keys, made)


def _keys(
    listed: list[exp.Expr], node: exp.Select, scope: Scope, relation: Relation
) -> Iterator[tuple[str, Expression]]:
    """The keys that the select list yields, under their names there."""
    for key in listed:
        output: Output | None = None
        if isinstance(key, exp.Literal) and key.name.isdigit() and 0 < int(key.name) <= len(relation.columns):
            output = relation.columns[int(key.name) - 1]
        elif isinstance(key, exp.Column):
            found = relation.names.get(named(key.name)) or scope.column(named(key.name))
            output = next((c for c in relation.columns if found is not None and c.expression == found.expression), None)
        if output is not None and isinstance(output.expression, Column):
            yield output.name, output.expression


def join_back(join: exp.Join, scope: Scope, before: int) -> None:
    """Where one side of a join holds aggregates of the other, and they meet in all keys, make windows of them."""
    if join.side.upper() in ("RIGHT", "FULL") or len(scope.relations) != before + 1:
        return
    new = scope.relations[before][1]
    if not new.whole and new.grouped is None:
        return
    for i, (parts, relation) in enumerate(scope.relations[:before]):
        place, grouped = (before, new.grouped) if new.grouped is not None else (i, relation.grouped)
        table = relation.whole if place == before else new.whole
        if grouped is not None and table == grouped.table and _met(join, scope) >= set(grouped.keys.values()):
            parts, relation = scope.relations[place]
            scope.relations[place] = (parts, _as_windows(relation, grouped))
            return


def _met(join: exp.Join, scope: Scope) -> set[Expression]:
    """The columns that both sides of a join must agree in, as columns of the table that both come from."""
    met: set[Expression] = set()
    for key in join.args.get("using") or ():
        sides = [_key(relation, named(key.name)) for _, relation in scope.relations]
        met.update(one for n, one in enumerate(sides) if one is not None and one in sides[n + 1 :])
    on = join.args.get("on")
    for test in on.flatten() if isinstance(on, exp.And) else [on]:
        if not isinstance(test, exp.EQ) or not isinstance(test.this, exp.Column):
            continue
        left, right = (_qualified(side, scope) for side in (test.this, test.expression))
        if left is not None and left == right:
            met.add(left)
    return met


def _qualified(node: exp.Expr, scope: Scope) -> Expression | None:
    if not isinstance(node, exp.Column) or not node.table:
        return None
    relation = scope.named(tuple(named(part.name) for part in node.parts[:-1]))
    return _key(relation, named(node.name)) if relation is not None else None


def _key(relation: Relation, name: str) -> Expression | None:
    if relation.grouped is not None and name in relation.grouped.keys:
        return relation.grouped.keys[name]
    found = relation.find(name)
    return found.expression if found is not None and relation.whole else None


def _as_windows(relation: Relation, grouped: Grouped) -> Relation:
    keys = list(grouped.keys.values())

    def window(column: Output) -> Output:
        if column.name in grouped.keys:
            return msgspec.structs.replace(column, expression=grouped.keys[column.name])
        if column.name not in grouped.made:
            return column
        over = apply("CALL", Constant("OVER"), grouped.made[column.name], *keys, Constant(""))
        return msgspec.structs.replace(column, expression=over)

    made = Relation([window(column) for column in relation.columns])
    made.beside = True
    return made
