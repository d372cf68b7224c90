"""Queries: every SELECT is evaluated once, inside out, to the relation that it yields.

All columns of a statement come from that one walk; nothing is qualified, copied or parsed a second time.
(sqlglot's own `qualify` was tried: it drops a whole statement for one column that it cannot place, and cannot say
that a star stayed open.)
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from mllint.lineage.expressions import Column, Expression, Unresolved
from mllint.linker.sql.parse import Parsed
from mllint.linker.sql.projections import as_written, is_short_cast
from mllint.linker.sql.relations import Output, Relation, Source, union
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.text import is_hole, named
from mllint.linker.sql.translate import from_sqlglot, hole

_BUDGET = 400_000  # visited nodes of one statement
_LATERAL_ALIASES = {"snowflake", "redshift", "databricks", "spark", "duckdb", "clickhouse", "teradata"}


class TooCostlyError(Exception):
    """The statement needs more steps than it is worth."""


class Scope:
    """What names mean at one place: the relations of FROM, each under the parts of its name, CTEs, and aliases."""

    __slots__ = ("aliases", "ctes", "merged", "parent", "relations")

    def __init__(self, ctes: dict[str, Relation], parent: Scope | None) -> None:
        self.relations: list[tuple[tuple[str, ...], Relation]] = []
        self.ctes = ctes
        self.parent = parent
        self.merged: set[str] = set()  # columns of JOIN ... USING
        self.aliases: dict[str, Output] = {}

    def named(self, parts: tuple[str, ...]) -> Relation | None:
        """The relation that `t.` or `s.t.` means here or further out."""
        for name, relation in self.relations:
            if name[-len(parts) :] == parts or (len(name) < len(parts) and parts[-len(name) :] == name):
                return relation
        return self.parent.named(parts) if self.parent else None

    def column(self, name: str, lateral: bool) -> Output | None:
        """What an unqualified column means: `None` where it could be of several tables, or is of none."""
        for _, relation in self.relations:
            found = relation.known(name)
            if found is not None:
                return found
        alias = self.aliases.get(name)
        opened = [relation for _, relation in self.relations if relation.open]
        if alias is not None and (lateral or not opened):
            return alias
        if len(opened) == 1 or (opened and name in self.merged):
            found = opened[0].find(name)
            if found is not None:
                return found
        if alias is not None:
            return alias
        return self.parent.column(name, lateral) if self.parent and not opened else None


class Reader:
    """Reads one statement: collects its table reads and indirect columns while it evaluates queries."""

    def __init__(self, parsed: Parsed, schema: Schema) -> None:
        self.parsed = parsed
        self.schema = schema
        self.dialect = parsed.dialect
        self.lateral = parsed.dialect in _LATERAL_ALIASES
        self.reads: dict[tuple[str, int, int], None] = {}
        self.indirect: dict[Source, None] = {}
        self.open = False
        self.steps = 0

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
            case exp.Table():
                scope = Scope(ctes, parent)
                self.add_from(node, scope)
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
            relation = self.query(body, ctes, parent) if isinstance(body, exp.Query) else self._other_cte(body, ctes)
            ctes[name] = relation.renamed(columns) if columns else relation
        return ctes

    def _other_cte(self, body: exp.Expr, ctes: dict[str, Relation]) -> Relation:
        if isinstance(body, exp.DML):  # Postgres: WITH gone AS (DELETE FROM rides ... RETURNING *)
            scope = Scope(ctes, None)
            self.add_from(body.this.this if isinstance(body.this, exp.Schema) else body.this, scope)
            return star_of(scope)
        return Relation(every=self.output("", body, Scope(ctes, None)))  # ClickHouse: WITH 5 AS n

    def _subquery(self, node: exp.Subquery, ctes: dict[str, Relation], parent: Scope | None) -> Relation:
        inner = node.this
        if isinstance(inner, exp.Table) or node.args.get("joins"):  # (trips), (a JOIN b ON ...)
            scope = Scope(ctes, parent)
            self.add_from(node, scope)
            return star_of(scope)
        relation = self.query(inner, ctes, parent)
        return self._aliased(relation, node)

    def _set_operation(self, node: exp.SetOperation, ctes: dict[str, Relation], parent: Scope | None) -> Relation:
        # a chain of a hundred UNIONs leans to the left: walk down it, not into it
        chain = [node]
        while isinstance(chain[-1].this, exp.SetOperation) and not chain[-1].this.args.get("with_"):
            chain.append(chain[-1].this)
        relation = self.query(chain[-1].this, ctes, parent)
        for operation in reversed(chain):
            right = self.query(operation.expression, ctes, parent)
            if isinstance(operation, exp.Except):
                continue  # SELECT a EXCEPT SELECT b yields rows of the left side
            relation = union(relation, right, bool(operation.args.get("by_name")))
        return relation

    def _values(self, node: exp.Expr, ctes: dict[str, Relation], parent: Scope | None) -> Relation:
        scope = Scope(ctes, parent)
        rows: list[exp.Expr] = [row for row in node.expressions if isinstance(row, exp.Tuple)] or [node]
        relation = Relation()
        for i, row in enumerate(rows[:1000]):
            outputs = [self.output(f"column{n}", value, scope) for n, value in enumerate(row.expressions, 1)]
            relation = union(relation, Relation(outputs)) if i else Relation(outputs)
        return self._aliased(relation, node)

    def _select(self, node: exp.Select, ctes: dict[str, Relation], parent: Scope | None) -> Relation:
        scope = Scope(ctes, parent)
        from_ = node.args.get("from_")
        if from_ is not None:
            self.add_from(from_.this, scope)
        for lateral in node.args.get("laterals") or ():
            self.add_from(lateral, scope)
        self.add_joins(node.args.get("joins"), scope)
        outputs: list[Output] = []
        opened: list[tuple[str, ...]] = []
        for projection in node.expressions:
            self._project(projection, scope, outputs, opened)
        self.note(
            [node.args.get(k) for k in ("where", "prewhere", "group", "having", "qualify", "order", "sort", "distinct",
                                        "cluster", "distribute", "connect", "windows")],
            scope,
        )  # fmt: skip
        relation = Relation(outputs, opened)
        return relation if any(_is_hole(projection) for projection in node.expressions) else relation.without_covered()

    def _project(self, node: exp.Expr, scope: Scope, outputs: list[Output], opened: list[tuple[str, ...]]) -> None:
        inner = node.unalias() if isinstance(node, exp.Alias) else node
        if _is_star(inner):
            star = self._star_of(inner, scope)
            outputs.extend(star.columns)
            opened.extend(star.open)
            if star.every is not None:
                opened.append(tuple(star.tables()))
            return
        if _is_hole(node):
            self.open = True
            opened.extend(group for _, relation in scope.relations for group in relation.open)
            return
        if isinstance(node, exp.Aliases):
            whole = self.output("", node.this, scope)
            outputs.extend(Output(named(a.name), whole.sources, whole.expression) for a in node.expressions)
            return
        output = self.output(self._name(node), inner, scope)
        outputs.append(output)
        if isinstance(node, exp.Alias) and output.name not in scope.aliases:
            scope.aliases[output.name] = output

    def _name(self, node: exp.Expr) -> str:
        name = node.alias or (
            node.output_name if not isinstance(node, exp.Cast) or is_short_cast(self.parsed, node) else ""
        )
        return named(name or as_written(self.parsed, node))

    # ------------------------------------------------------------------------------------------------ stars

    def _star_of(self, node: exp.Expr, scope: Scope) -> Relation:
        star = node.this if isinstance(node, exp.Column) else node
        if isinstance(node, exp.Column) and node.table:
            found = scope.named(_parts(node))
            if found is None:  # `record.*` of a struct
                output = self._resolve(exp.column(node.table), scope)
                return Relation(every=output) if output else Relation()
            relation = found
        else:
            relation = star_of(scope)
        if not isinstance(star, exp.Star):
            return relation
        dropped = {named(e.name) for e in star.args.get("except_") or ()}
        replaced = {named(e.alias): self.output(named(e.alias), e.this, scope) for e in star.args.get("replace") or ()}
        renamed = {named(e.this.name): named(e.alias) for e in star.args.get("rename") or ()}
        if not dropped and not replaced and not renamed:
            return relation
        kept = [replaced.pop(c.name, c) for c in relation.columns if c.name not in dropped]
        kept += replaced.values()
        for old, new in renamed.items() if relation.open else ():
            found_column = relation.find(old)
            if found_column is not None and old not in relation.names:
                kept.append(Output(new, found_column.sources, found_column.expression))
        columns = [Output(renamed.get(c.name, c.name), c.sources, c.expression) for c in kept]
        return Relation(columns, relation.open, relation.every)

    # -------------------------------------------------------------------------------------------- FROM and JOIN

    def add_from(self, node: exp.Expr, scope: Scope) -> None:
        from mllint.linker.sql.tables import add_table

        self.step()
        add_table(self, node, scope)

    def add_joins(self, joins: Iterable[exp.Join] | None, scope: Scope) -> None:
        for join in joins or ():
            before = len(scope.relations)
            self.add_from(join.this, scope)
            for key in join.args.get("using") or ():
                name = named(key.name)
                scope.merged.add(name)
                for _, relation in scope.relations:
                    self.indirect.update(dict.fromkeys(_sources(relation.find(name))))
            self.note([join.args.get("on"), join.args.get("match_condition")], scope)
            if join.side.upper() != "RIGHT" and join.kind.upper() in ("SEMI", "ANTI"):
                del scope.relations[before:]  # its columns cannot be selected

    def _aliased(self, relation: Relation, node: exp.Expr) -> Relation:
        alias = node.args.get("alias")
        columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
        return relation.renamed([named(c.name) for c in columns]) if columns else relation

    # ------------------------------------------------------------------------------------------------- columns

    def output(self, name: str, node: exp.Expr, scope: Scope) -> Output:
        """A named column that is computed by an expression."""
        if isinstance(node, exp.Column):
            found = self._resolve(node, scope)
            if found is not None:
                return Output(name, found.sources, found.expression)
            return Output(name, (), hole(node) if is_hole(node.name) else Unresolved(name))
        sources = tuple(self.sources(node, scope))
        expression = from_sqlglot(node, lambda column: self._meaning(column, scope), self.dialect, self._type)
        return Output(name, sources, expression)

    def _meaning(self, column: exp.Column, scope: Scope) -> Expression:
        found = self._resolve(column, scope)
        return found.expression if found else Unresolved(f"column {column.name} of an unknown table")

    def _type(self, column: Column) -> str:
        return self.schema.type_of(column.dataset.removeprefix("table:"), column.name)

    def sources(self, node: exp.Expr, scope: Scope) -> dict[Source, None]:
        """Columns of tables that an expression reads, scalar subqueries included."""
        found: dict[Source, None] = {}
        bound: set[str] = set()
        todo = [node]
        while todo:
            self.step()
            part = todo.pop()
            match part:
                case exp.Column():
                    if _is_star(part):
                        found.update(dict.fromkeys((t, "*") for t in self._star_of(part, scope).tables()))
                    elif part.name.lower() not in bound or part.table:
                        found.update(dict.fromkeys(_sources(self._resolve(part, scope))))
                case exp.Star():  # count(*)
                    found.update(dict.fromkeys((t, "*") for _, r in scope.relations for t in r.tables()))
                case exp.Query():
                    relation = self.query(part, scope.ctes, scope)
                    if not isinstance(part.parent, exp.Exists):
                        found.update(dict.fromkeys(s for column in relation.columns for s in column.sources))
                        found.update(dict.fromkeys((t, "*") for group in relation.open for t in group))
                case exp.Lambda():  # TRANSFORM(xs, x -> x + 1): x is no column
                    bound.update(e.name.lower() for e in part.expressions)
                    todo.append(part.this)
                case _:
                    todo.extend(reversed(list(part.iter_expressions())))
        return found

    def _resolve(self, column: exp.Column, scope: Scope) -> Output | None:
        name = named(column.name) or "*"  # Snowflake: t.$1 of a file
        if is_hole(name):  # WHERE day > {day}: a value
            return None
        if not column.table:
            return scope.column(name, self.lateral)
        relation = scope.named(_parts(column))
        if relation is not None:
            return relation.find(name)
        # BigQuery: `payload.user.id` is a field of the column `payload`
        record = scope.column(_parts(column)[0], self.lateral)
        return Output(name, record.sources, Unresolved(f"field {name} of a record")) if record else None

    def note(self, clauses: Iterable[exp.Expr | list[exp.Expr] | None], scope: Scope) -> None:
        """Columns that choose, order or group rows."""
        for clause in clauses:
            for part in clause if isinstance(clause, list) else [clause]:
                if isinstance(part, exp.Expr):
                    self.indirect.update(self.sources(part, scope))

    def step(self) -> None:
        self.steps += 1
        if self.steps > _BUDGET:
            raise TooCostlyError


def star_of(scope: Scope) -> Relation:
    """All columns of FROM; those of USING once."""
    columns: list[Output] = []
    seen: set[str] = set()
    for _, relation in scope.relations:
        columns += [c for c in relation.columns if c.name not in scope.merged or c.name not in seen]
        seen.update(relation.names)
    every = [relation.every for _, relation in scope.relations if relation.every]
    return Relation(
        columns,
        [group for _, relation in scope.relations for group in relation.open],
        every[0] if len(every) == 1 and len(scope.relations) == 1 else None,
    )


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))


def _is_hole(node: exp.Expr) -> bool:
    """`SELECT {columns} FROM t`"""
    return isinstance(node, exp.Column) and is_hole(node.name) and not node.table


def _sources(output: Output | None) -> tuple[Source, ...]:
    return output.sources if output else ()


def _parts(column: exp.Column) -> tuple[str, ...]:
    return tuple(named(part.name) for part in column.parts[:-1])


def _mentions(body: exp.Expr, name: str) -> bool:
    return any(table.name.lower() == name.lower() and not table.db for table in body.find_all(exp.Table))
