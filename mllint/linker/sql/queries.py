"""Queries: every SELECT is evaluated once, inside out, to the relation that it yields.

All columns of a statement come from that one walk; nothing is qualified, copied or parsed a second time.
(sqlglot's own `qualify` was tried: it drops a whole statement for one column that it cannot place, and cannot say
that a star stayed open.)
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from sqlglot import exp

from mllint.lineage.expressions import Unresolved
from mllint.linker.sql.columns import Columns, is_star
from mllint.linker.sql.joining_back import note_rows_of
from mllint.linker.sql.parse import Parsed
from mllint.linker.sql.pivots import matched, pivot_statement
from mllint.linker.sql.projections import as_written, is_short_cast
from mllint.linker.sql.relations import Output, Relation, side_by_side, union, with_names
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.scope import Scope, star_of
from mllint.linker.sql.statements import Statement
from mllint.linker.sql.tables import add_joins, add_table
from mllint.linker.sql.text import is_hole, named

_LATERAL_ALIASES = {"snowflake", "redshift", "databricks", "spark", "duckdb", "clickhouse", "teradata"}
_ALIASED = ("group", "having", "qualify", "distinct", "cluster", "distribute")
_ORDERING = ("order", "sort")


Change = Callable[["Reader", exp.DML, dict[str, Relation]], Relation]


class Reader(Columns):
    """Reads one statement: collects its table reads and indirect columns while it evaluates queries."""

    def __init__(self, parsed: Parsed, schema: Schema, change: Change | None = None) -> None:
        super().__init__(parsed, schema)
        self.lateral = parsed.dialect in _LATERAL_ALIASES
        self.change = change  # what a change of rows inside of a query does, and hands on
        self.before: list[Statement] = []  # such changes

    # ------------------------------------------------------------------------------------------------- queries

    def query(self, node: exp.Expr, ctes: dict[str, Relation], parent: Scope | None = None) -> Relation:
        """The relation that a SELECT, set operation, VALUES or parenthesised query yields."""
        ctes = self.with_ctes(node, ctes, parent)
        match node:
            case exp.Select():
                return self._select(node, ctes, parent)
            case exp.SetOperation():
                return self._set_operation(node, ctes, parent)
            case exp.Subquery():
                return self._subquery(node, ctes, parent)
            case exp.Values() | exp.Tuple():
                return self._values(node, ctes, parent)
            case exp.Pivot():
                scope = Scope(ctes, None)
                add_table(self, node.this, scope)
                return pivot_statement(self, node, scope)
            case exp.Table():
                scope = Scope(ctes, parent)
                add_table(self, node, scope)
                return star_of(scope)
            case _:
                inner = node.this if isinstance(node, exp.Paren) else node.args.get("expression")
                if isinstance(inner, exp.Query):
                    return self.query(inner, ctes, parent)
                return Relation()

    def with_ctes(self, node: exp.Expr, ctes: dict[str, Relation], parent: Scope | None = None) -> dict[str, Relation]:
        with_ = node.args.get("with_")
        if with_ is None:
            return ctes
        ctes = dict(ctes)
        for cte in with_.expressions:
            name = named(cte.alias)
            columns = [named(c.name) for c in cte.args["alias"].args.get("columns") or ()]
            body = cte.this
            if isinstance(body, exp.SetOperation) and _mentions(body, cte.alias):
                # WITH RECURSIVE walk AS (SELECT id FROM seed UNION ALL SELECT e.id FROM edges e JOIN walk ...)
                anchor = self.query(body.this, ctes, parent)
                ctes[name] = anchor.renamed(columns) if columns else anchor
            is_query = isinstance(body, exp.Query | exp.Pivot)
            relation = self.query(body, ctes, parent) if is_query else self._other_cte(body, ctes)
            if cte.args.get("scalar"):  # ClickHouse: WITH (SELECT max(day) FROM rides) AS last, 5 AS n SELECT last
                self.scalars[name] = relation.row(name)
                continue
            ctes[name] = relation.renamed(columns) if columns else relation
        return ctes

    def _other_cte(self, body: exp.Expr, ctes: dict[str, Relation]) -> Relation:
        if isinstance(body, exp.DML):  # Postgres: WITH gone AS (DELETE FROM rides ... RETURNING *)
            return self.change(self, body, ctes) if self.change is not None else Relation()
        return Relation([self.output("", body, Scope(ctes, None))])

    def _subquery(self, node: exp.Subquery, ctes: dict[str, Relation], parent: Scope | None) -> Relation:
        inner = node.this
        if isinstance(inner, exp.Table) or node.args.get("joins"):  # (trips), (a JOIN b ON ...)
            scope = Scope(ctes, parent)
            add_table(self, node, scope)
            return star_of(scope)
        relation = self.query(inner, ctes, parent)
        return with_names(relation, node)

    def _set_operation(self, node: exp.SetOperation, ctes: dict[str, Relation], parent: Scope | None) -> Relation:
        # a chain of a hundred UNIONs leans to the left: walk down it, not into it
        chain = [node]
        while isinstance(chain[-1].this, exp.SetOperation) and not chain[-1].this.args.get("with_"):
            chain.append(chain[-1].this)
        relation = self.query(chain[-1].this, ctes, parent)
        for operation in reversed(chain):
            right = self.query(operation.expression, ctes, parent)
            if operation.args.get("distinct") or isinstance(operation, exp.Except | exp.Intersect):
                self.note_rows(relation, right)  # which rows are equal chooses those that stay
            if isinstance(operation, exp.Except):  # SELECT a EXCEPT SELECT b yields rows of the left side
                continue
            relation = union(relation, right, bool(operation.args.get("by_name")))
        return relation

    def _values(self, node: exp.Expr, ctes: dict[str, Relation], parent: Scope | None) -> Relation:
        scope = Scope(ctes, parent)
        rows: list[exp.Expr] = [row for row in node.expressions if isinstance(row, exp.Tuple)] or [node]
        relation = Relation()
        for i, row in enumerate(rows[:1000]):
            outputs = [self.output(f"column{n}", value, scope) for n, value in enumerate(row.expressions, 1)]
            relation = union(relation, Relation(outputs)) if i else Relation(outputs)
        return with_names(relation, node)

    def _select(self, node: exp.Select, ctes: dict[str, Relation], parent: Scope | None) -> Relation:
        scope = Scope(ctes, parent)
        scope.lateral, scope.forgiving = self.lateral, not self.dialect
        scope.alias_first = self.dialect == "clickhouse"
        from_ = node.args.get("from_")
        if from_ is not None:
            add_table(self, from_.this, scope)
        for lateral in node.args.get("laterals") or ():
            add_table(self, lateral, scope)
        add_joins(self, node.args.get("joins"), scope)
        self.rejoins = self.rejoins or scope.rejoins()
        if node.args.get("match") is not None:
            matched(self, node.args["match"], scope)
        relation = side_by_side([self.project(projection, scope) for projection in node.expressions])
        self.note([node.args.get(k) for k in ("where", "prewhere", "connect", "windows")], scope)
        scope.lateral = True  # GROUP BY and ORDER BY know the aliases everywhere
        self.note([node.args.get(k) for k in _ALIASED], scope)
        scope.alias_first = True
        self.note([node.args.get(k) for k in _ORDERING], scope)
        self._note_positions(node, relation)
        if node.args.get("distinct") is not None and node.args["distinct"].args.get("on") is None:
            self.note_rows(relation)  # equal rows become one
        if any(_is_hole(projection) for projection in node.expressions):
            return relation
        relation = relation.without_covered()
        note_rows_of(node, scope, relation)
        return relation

    def _note_positions(self, node: exp.Select, relation: Relation) -> None:
        """GROUP BY 1, ORDER BY 2 and GROUP BY ALL name items of the select list."""
        group, order = node.args.get("group"), node.args.get("order")
        listed = [*(group.expressions if group is not None else ()), *(order.expressions if order is not None else ())]
        positions = [e.this if isinstance(e, exp.Ordered) else e for e in listed]
        chosen = [int(e.name) for e in positions if isinstance(e, exp.Literal) and e.name.isdigit()]
        if group is not None and group.args.get("all"):
            chosen += [i for i, e in enumerate(node.expressions, 1) if not list(e.find_all(exp.AggFunc))]
        for position in chosen if len(relation.columns) == len(node.expressions) else ():
            if 0 < position <= len(relation.columns):
                self.indirect.update(dict.fromkeys(relation.columns[position - 1].sources))

    def project(self, node: exp.Expr, scope: Scope) -> Relation:
        """What one item of a select list yields."""
        inner = node.unalias() if isinstance(node, exp.Alias) else node
        if is_star(inner):
            return self.star_of_item(inner, scope)
        if _is_hole(node):
            self.open = True
            return Relation(open=[group for _, relation in scope.relations for group in relation.open])
        if isinstance(node, exp.Aliases):
            whole = self.output("", node.this, scope)
            return Relation(Output(named(a.name), whole.sources, whole.expression) for a in node.expressions)
        if isinstance(node, exp.QueryTransform):  # Hive: SELECT TRANSFORM (km, fare) USING 'score.py' AS (eta)
            passed = self.output("", exp.Tuple(expressions=node.expressions), scope)
            schema = node.args.get("schema")
            names = [named(e.name) for e in schema.expressions] if schema is not None else ["key", "value"]
            return Relation(Output(name, passed.sources, Unresolved("a script")) for name in names)
        if isinstance(node, exp.Alias) and _is_hole(inner) and is_hole(node.alias):
            # SELECT {column} AS {name} FROM t: in a loop over columns that only the database knows
            rows = tuple((table, "*") for _, relation in scope.relations for table in relation.tables())
            return Relation(every=Output("", rows, Unresolved("columns that a template lists")))
        output = self.output(self._name(node), inner, scope)
        name = node.args.get("alias") if isinstance(node, exp.Alias) else node.this
        if output.at < 0 and isinstance(name, exp.Identifier):
            output = msgspec.structs.replace(output, at=name.meta.get("start", -1))
        if isinstance(inner, exp.Explode | exp.Inline | exp.Unnest):  # a row for each element
            self.indirect.update(dict.fromkeys(output.sources))
        columns = inner.find(exp.Columns) if self.dialect == "duckdb" else None
        if columns is not None:  # min(COLUMNS(*)): one for each
            star = self.star_of_item(columns, scope)
            return Relation([Output(c.name, c.sources, output.expression) for c in star.columns], star.open, star.every)
        if isinstance(node, exp.Alias):
            scope.aliases.setdefault(output.name, output)
        return Relation([output])

    def _name(self, node: exp.Expr) -> str:
        match node:
            case exp.Window():  # its alias is the name of a window
                name = ""
            case exp.Cast() if not is_short_cast(self.parsed, node):
                name = ""
            case _:
                name = node.alias or node.output_name
        return named(name or as_written(self.parsed, node))


def _is_hole(node: exp.Expr) -> bool:
    """`SELECT {columns} FROM t`"""
    return isinstance(node, exp.Column) and is_hole(node.name) and not node.table


def _mentions(body: exp.Expr, name: str) -> bool:
    return any(table.name.lower() == name.lower() and not table.db for table in body.find_all(exp.Table))
