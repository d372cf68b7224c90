"""What turns rows of a table into others: PIVOT and UNPIVOT, in FROM and as DuckDB's statements, MATCH_RECOGNIZE."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from mllint.lineage.expressions import Unresolved
from mllint.linker.sql.columns import Columns
from mllint.linker.sql.relations import Output, Relation, Source, with_names
from mllint.linker.sql.scope import Scope, star_of
from mllint.linker.sql.text import named


def pivoted(reader: Columns, node: exp.Expr, relation: Relation) -> Relation:
    """What the operators behind a table make of it, one after the other."""
    for pivot in node.args.get("pivots") or ():
        scope = Scope({}, None)
        scope.relations.append((("",), relation))
        is_unpivot = bool(pivot.args.get("unpivot"))
        relation = (_unpivot if is_unpivot else _pivot)(reader, pivot, relation, scope)
        relation = with_names(relation, pivot)
    return relation


def pivot_statement(reader: Columns, node: exp.Pivot, scope: Scope) -> Relation:
    """DuckDB: PIVOT rides ON day USING sum(fare) GROUP BY city; UNPIVOT months ON jan, feb INTO NAME month VALUE x"""
    relation = star_of(scope)
    if node.args.get("unpivot"):
        into = node.args.get("into")
        label = named(into.this.name) if into is not None else "name"
        values = [named(e.name) for e in into.expressions] if into is not None else ["value"]
        choices = [e.unalias() if isinstance(e, exp.Alias | exp.PivotAlias) else e for e in node.expressions]
        return _long(reader, relation, scope, [(label, choices)], values)
    used: dict[Source, None] = {}
    for aggregate in node.args.get("using") or ():
        used.update(reader.sources(aggregate, scope))
    reader.note([node.expressions], scope)
    group = node.args.get("group")
    if group is not None:
        kept = [reader.output(named(e.alias_or_name), e, scope) for e in group.expressions]
        reader.note([group], scope)
    else:
        gone = _columns_in([*node.expressions, *(node.args.get("using") or ())])
        kept = [column for column in relation.columns if column.name not in gone]
        reader.note_rows(Relation(kept))
    # the values of `day` name the new columns: nobody knows them
    return Relation(kept, () if group is not None else relation.open, Output("", tuple(used), _PIVOTED))


def _pivot(reader: Columns, pivot: exp.Expr, relation: Relation, scope: Scope) -> Relation:
    """PIVOT (SUM(x) FOR y IN ('a', 'b')): the new columns come from x, and y chooses; the others stay."""
    used = [tuple(reader.sources(aggregate, scope)) for aggregate in pivot.expressions]
    keys = [field.this for field in pivot.args.get("fields") or () if isinstance(field, exp.In)]
    reader.note(keys, scope)
    gone = _columns_in([*pivot.expressions, *keys])
    made = [named(c.name) for c in pivot.args.get("columns") or ()]
    kept = [c for c in relation.columns if c.name not in gone]
    reader.note_rows(Relation(kept))  # a row for each of their values
    # sqlglot names the columns of the first value, then of the second: one for each aggregate
    new = [Output(name, used[i % len(used)], _PIVOTED) for i, name in enumerate(made)] if used else []
    every = None
    if not made:  # FOR y IN (ANY), FOR y IN (SELECT ...): nobody knows the names
        every = Output("", tuple(dict.fromkeys(source for sources in used for source in sources)), _PIVOTED)
    return Relation(kept + new, relation.open, every)


def _unpivot(reader: Columns, pivot: exp.Expr, relation: Relation, scope: Scope) -> Relation:
    """UNPIVOT (value FOR name IN (a, b)): `value` comes from a and b, `name` from neither."""
    listed = [e for part in pivot.expressions for e in (part.expressions if isinstance(part, exp.Tuple) else [part])]
    labels = [
        (named(field.this.name), [e.this if isinstance(e, exp.PivotAlias) else e for e in field.expressions])
        for field in pivot.args.get("fields") or ()
        if isinstance(field, exp.In)
    ]
    values_first = bool(pivot.args.get("value_columns_first"))
    return _long(reader, relation, scope, labels, [named(e.name) for e in listed], values_first)


def _long(
    reader: Columns,
    relation: Relation,
    scope: Scope,
    labels: list[tuple[str, list[exp.Expr]]],
    values: list[str],
    values_first: bool = False,
) -> Relation:
    """The rows of an unpivot: what stays, the names of the columns, their values.

    Of several values, `(a, b) FOR half IN ((q1, q2), (q3, q4))`, a comes from q1 and q3. Where a value is NULL
    there is no row: what is unpivoted also chooses rows.
    """
    choices = [choice for _, listed in labels for choice in listed]
    reader.note(choices, scope)
    gone = _columns_in(choices)
    names = [Output(label, (), Unresolved("the name of an unpivoted column")) for label, _ in labels if label]
    made = [
        Output(value, tuple(dict.fromkeys(_sources_at(reader, scope, choices, i))), Unresolved("an unpivoted column"))
        for i, value in enumerate(values)
    ]
    kept = [column for column in relation.columns if column.name not in gone]
    return Relation(kept + (made + names if values_first else names + made), relation.open, relation.every)


def _sources_at(reader: Columns, scope: Scope, choices: list[exp.Expr], position: int) -> Iterator[Source]:
    for choice in choices:
        parts = choice.expressions if isinstance(choice, exp.Tuple) else []
        yield from reader.sources(parts[position] if position < len(parts) else choice, scope)


def matched(reader: Columns, match: exp.MatchRecognize, scope: Scope) -> None:
    """MATCH_RECOGNIZE (PARTITION BY k ORDER BY d MEASURES first(a.x) AS x PATTERN (a+) DEFINE a AS x > 1): in place
    of the table, what it measures."""
    relation = star_of(scope)
    pattern = match.args.get("pattern")
    variables = re.findall(r"[^\W\d]\w*", pattern.name) if pattern is not None else []
    qualified = Scope(scope.ctes, scope.parent)  # `a.x` in a pattern that speaks of rows `a`
    qualified.relations = [((named(name),), relation) for name in dict.fromkeys(variables)]
    rows = Scope(scope.ctes, qualified)
    rows.relations.append((("",), relation))
    reader.note([match.args.get("partition_by"), match.args.get("order"), match.args.get("define")], rows)
    kept = [reader.output(named(e.alias_or_name), e, rows) for e in match.args.get("partition_by") or ()]
    measures = [part.this for part in match.args.get("measures") or ()]
    made = [reader.output(named(m.alias_or_name), m.unalias(), rows) for m in measures]
    is_each_row = "ALL ROWS" in str(match.args.get("rows") or "").upper()
    alias = match.args.get("alias")
    result = Relation(made + relation.columns, relation.open, relation.every) if is_each_row else Relation(kept + made)
    scope.relations[:] = [((named(alias.name) if alias is not None else "",), result)]


def _columns_in(parts: list[exp.Expr]) -> set[str]:
    return {named(column.name) for part in parts for column in part.find_all(exp.Column)}


_PIVOTED = Unresolved("a pivoted column")
