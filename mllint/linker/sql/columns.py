"""Columns of a query: what an expression reads, and what a name means where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from sqlglot import exp

from mllint.lineage.expressions import Column, Expression, Unresolved
from mllint.linker.sql.parse import Parsed
from mllint.linker.sql.relations import Output, Relation, Source
from mllint.linker.sql.routines import routine_called, rows_of
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.scope import Scope, star_of
from mllint.linker.sql.scoring import model_asked, values_given
from mllint.linker.sql.statements import OutputColumn, Scored, Statement
from mllint.linker.sql.text import is_hole, named
from mllint.linker.sql.translate import from_sqlglot, hole, named_windows

_BUDGET = 400_000  # visited nodes of one statement
# where the alias of a table stands for its whole row
_ROWS = {"", "bigquery", "postgres", "duckdb", "redshift", "materialize", "risingwave"}
_ARROWS = {"postgres", "redshift", "mysql", "sqlite", "materialize", "risingwave"}  # `->` takes a field of JSON
_PSEUDO = {"oracle": {"level", "rownum", "rowid", "sysdate", "systimestamp", "user", "uid"}}


class TooCostlyError(Exception):
    """The statement needs more steps than it is worth."""


class Columns:
    """Reads the expressions of one statement: collects its table reads and the columns that choose rows."""

    def __init__(self, parsed: Parsed, schema: Schema) -> None:
        self.parsed = parsed
        self.schema = schema
        self.dialect = parsed.dialect
        self.reads: dict[tuple[str, int, int], None] = {}
        self.indirect: dict[Source, None] = {}
        self.open = False
        self.rejoins = False
        self.steps = 0
        self.ambiguous: dict[tuple[str, int, int], None] = {}  # unqualified columns that could be of several tables
        self.subqueries: dict[int, Relation] = {}  # in expressions, by the id of their node
        self.scored: dict[Scored, None] = {}
        self.scalars: dict[str, Output] = {}  # values that ClickHouse names in WITH

    def query(self, node: exp.Expr, ctes: dict[str, Relation], parent: Scope | None = None) -> Relation:
        """What a query yields: `queries.Reader` knows."""
        raise NotImplementedError

    def note_read(self, node: exp.Expr, name: str) -> None:
        """A dataset is read at the place of the first name in `node`."""
        names = node.parts if isinstance(node, exp.Table) else node.find_all(exp.Identifier)
        starts = [part.meta["start"] for part in names if "start" in part.meta]
        start = min(starts) if isinstance(node, exp.Table) and starts else next(iter(starts), None)
        self.reads[(name, *self.parsed.at(start))] = None

    def step(self) -> None:
        self.steps += 1
        if self.steps > _BUDGET:
            raise TooCostlyError

    # --------------------------------------------------------------------------------------------- expressions

    def output(self, name: str, node: exp.Expr, scope: Scope) -> Output:
        """A named column that is computed by an expression."""
        if isinstance(node, exp.Column) and not is_star(node):
            found = self.resolve(node, scope)
            if found is not None:
                return msgspec.structs.replace(found, name=name)
            return Output(name, (), hole(node) if is_hole(node.name) else Unresolved(name))
        sources = tuple(self.sources(node, scope))
        expression = from_sqlglot(node, lambda column: self._meaning(column, scope), self.dialect, self._type)
        fields = tuple(self._fields(node, scope)) if isinstance(node, exp.Struct) else ()
        return Output(name, sources, expression, fields)

    def listed(self, relation: Relation) -> list[OutputColumn]:
        """The columns of a relation that are known by name, with their places."""
        return [
            OutputColumn(c.name, c.sources, c.expression, *(self.parsed.at(c.at) if c.at >= 0 else (0, 0)))
            for c in relation.columns
        ]

    def _fields(self, node: exp.Struct, scope: Scope) -> Iterator[Output]:
        """STRUCT(a AS c, b), {'c': a}"""
        for part in node.expressions:
            value = part.expression if isinstance(part, exp.PropertyEQ) else part.unalias()
            yield self.output(
                named(part.name if isinstance(part, exp.PropertyEQ) else part.alias_or_name), value, scope
            )

    def _meaning(self, column: exp.Column | exp.Query, scope: Scope) -> Expression:
        if isinstance(column, exp.Query):
            return scope.statistic(self.subqueries.get(id(column))) or Unresolved("a subquery")
        found = self.resolve(column, scope)
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
                    if is_star(part):
                        found.update(dict.fromkeys((t, "*") for t in self.star_of_item(part, scope).tables()))
                    elif part.name.lower() not in bound or part.table:
                        found.update(dict.fromkeys(sources_of(self.resolve(part, scope))))
                case exp.Parameter() if part.name.isdigit():  # Snowflake: $1 of a file
                    found.update(dict.fromkeys(sources_of(scope.column("$" + part.name))))
                case exp.Parameter() if "@" + named(part.name) in self.parsed.variables:
                    found.update(dict.fromkeys(self._variable("@" + named(part.name)).sources))
                case exp.Placeholder() if named(part.name) in self.parsed.variables:  # Snowflake: VALUES (:total)
                    found.update(dict.fromkeys(self._variable(named(part.name)).sources))
                case exp.Columns():  # DuckDB: sum(COLUMNS('fare_.*'))
                    found.update(dict.fromkeys(self.star_of_item(part, scope).row("").sources))
                case exp.Dot(this=exp.Paren(this=exp.Column() as row)) if not row.table and scope.named(
                    (named(row.name),)
                ):
                    todo.append(exp.column(part.expression.copy(), row.this.copy()))  # Postgres: (r).fare
                case exp.Star():  # count(*)
                    found.update(dict.fromkeys((t, "*") for _, r in scope.relations for t in r.tables()))
                case exp.Query():
                    relation = self.subqueries[id(part)] = self.query(part, scope.ctes, scope)
                    if not isinstance(part.parent, exp.Exists):
                        found.update(dict.fromkeys(relation.row("").sources))
                case exp.Anonymous() if part.name.lower().startswith("dictget") and len(part.expressions) > 2:
                    found.update(self._dictionary(part))
                    todo.extend(reversed(part.expressions[2:]))
                case exp.Dot(expression=exp.Anonymous()) | exp.Anonymous() | exp.ModelAttribute() if (
                    model := model_asked(part, self.schema.functions)
                ):
                    found[(model, "*")] = None
                    self._ask(model, values_given(part), scope)
                    call = part if isinstance(part, exp.Anonymous) else part.expression
                    todo.extend(reversed(list(call.iter_expressions())))
                case exp.Anonymous() if (routine := routine_called(part, self.schema)) is not None:
                    found.update(dict.fromkeys(self.rows_of_routine(part, routine, scope).row("").sources))
                    todo.extend(reversed(part.expressions))
                case exp.Lambda() if self.dialect in _ARROWS:  # f(payload -> 'km'), which sqlglot takes for a lambda
                    todo.extend(exp.column(e.copy()) for e in part.expressions if isinstance(e, exp.Identifier))
                    todo.append(part.this)
                case exp.Lambda():  # TRANSFORM(xs, x -> x + 1): x is no column
                    bound.update(e.name.lower() for e in part.expressions)
                    todo.append(part.this)
                case exp.Comprehension():  # DuckDB: [x + 1 for x in xs]
                    bound.add(part.expression.name.lower())
                    todo.extend(e for e in part.iter_expressions() if e is not part.expression)
                case exp.Window():  # sum(fare) OVER w, where w stands behind WINDOW
                    todo.extend(reversed([*part.iter_expressions(), *named_windows(part)]))
                case _:
                    todo.extend(reversed(list(part.iter_expressions())))
        return found

    def rows_of_routine(self, node: exp.Func, called: Statement, scope: Scope) -> Relation:
        """What a function of the repository yields: its query reads here, and what it is given chooses its rows."""
        here = self.parsed.at(node.meta.get("start"))
        self.reads.update(dict.fromkeys((read.name, *here) for read in called.reads))
        self.indirect.update(dict.fromkeys(called.indirect))
        for value in node.expressions:
            self.indirect.update(self.sources(value, scope))
        return rows_of(called)

    def _ask(self, model: str, values: list[exp.Expr], scope: Scope) -> None:
        """A model is asked in an expression, of values by their place."""
        self.reads[(model, *self.parsed.at(None))] = None
        names = self.schema.features.get(model, ())
        outputs = [
            self.output(names[i] if i < len(names) else named(value.alias_or_name), value.unalias(), scope)
            for i, value in enumerate(values)
        ]
        self.note_model(model, "predict", Relation(outputs))

    def note_model(self, model: str, how: str, given: Relation) -> None:
        """That a model is asked, and what it is given."""
        scored = Scored(model, how, tuple(self.listed(given)), not given.closed, *self.parsed.at(None))
        self.scored[scored] = None

    def note(self, clauses: Iterable[exp.Expr | list[exp.Expr] | None], scope: Scope) -> None:
        """Columns that choose, order or group rows."""
        for clause in clauses:
            for part in clause if isinstance(clause, list) else [clause]:
                if isinstance(part, exp.Expr):
                    self.indirect.update(self.sources(part, scope))

    def note_rows(self, *relations: Relation) -> None:
        """All columns of a relation choose rows, as under DISTINCT."""
        for relation in relations:
            self.indirect.update(dict.fromkeys(relation.row("").sources))

    def _dictionary(self, node: exp.Anonymous) -> dict[Source, None]:
        """ClickHouse: dictGet('prices', 'fare', zone) looks up the column `fare` of the dictionary `prices`."""
        dictionary, attributes = node.expressions[:2]
        parts = dictionary.parts if isinstance(dictionary, exp.Column) else [dictionary]
        name = named(".".join(part.name for part in parts))
        self.note_read(dictionary, name)
        listed = [e.name for e in attributes.find_all(exp.Literal) if e.is_string] or ["*"]
        return dict.fromkeys((name, named(attribute)) for attribute in listed)

    # --------------------------------------------------------------------------------------------------- names

    def _variable(self, name: str) -> Output:
        """A variable of a routine: what it was last set to was read from these tables."""
        value = self.parsed.variables.get(name) or Output(name, (), Unresolved(f"the variable {name}"))
        here = self.parsed.at(None)
        self.reads.update(dict.fromkeys((table, *here) for table, _ in value.sources))
        return value

    def resolve(self, column: exp.Column, scope: Scope) -> Output | None:
        name = _name(column)
        if is_hole(name):  # WHERE day > {day}: a value
            return None
        if not column.table:
            if name in _PSEUDO.get(self.dialect, ()):
                return None
            if name in self.parsed.variables and not scope.lists(name):
                return self._variable(name)
            if name in self.scalars:
                return self.scalars[name]
            row = scope.row(name) if self.dialect in _ROWS else None
            return row or scope.column(name) or self._of_several(column, scope.open_tables())
        parts = _parts(column)
        relation = scope.named(parts)
        if relation is not None:
            return relation.find(name) or relation.assumed(name)
        # `payload.user.id` and `r.payload.user.id` are fields of the column `payload`
        for i in range(len(parts) - 1, 0, -1):
            relation = scope.named(parts[:i])
            if relation is not None:
                path = (*parts[i:], name)
                return relation.nested.get(".".join(path)) or _field(relation.find(path[0]), path[1:])
        if parts[0] in self.parsed.variables:
            return _field(self._variable(parts[0]), (*parts[1:], name))
        return scope.known(".".join((*parts, name))) or _field(scope.column(parts[0]), (*parts[1:], name))

    def _of_several(self, column: exp.Column, candidates: list[Relation]) -> Output | None:
        """Of several tables that may have a column, the one that has it elsewhere: two that did would be an error."""
        if len(candidates) < 2:
            return None
        name = _name(column)
        known = [
            relation
            for relation in candidates
            if any((table, name) in self.schema.used for group in relation.open for table in group)
        ]
        found = known[0].find(name) if len(known) == 1 else None
        if found is None:
            self.ambiguous[(name, *self.parsed.at(column.this.meta.get("start")))] = None
        return found

    def star_of_item(self, node: exp.Expr, scope: Scope) -> Relation:
        """`*`, `r.*`, `record.*`, `(CASE ... END).*`, with what EXCEPT, REPLACE and RENAME make of it."""
        star: exp.Expr = node
        relation: Relation | None = None
        match node:
            case exp.Dot():
                star, relation = node.expression, _of_record(self.output("", node.this, scope))
            case exp.Columns():
                star = node.this
            case exp.Column() if node.table:
                star, parts = node.this, _parts(node)
                relation = scope.named(parts) or _of_record(self.resolve(exp.column(*reversed(parts)), scope))
        if relation is None:
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


def _of_record(record: Output | None) -> Relation:
    if record is None:
        return Relation()
    return Relation(record.fields) if record.fields else Relation(every=record)


def is_star(node: exp.Expr) -> bool:
    if isinstance(node, exp.Columns):  # DuckDB: COLUMNS('fare_.*')
        return True
    inside = node.this if isinstance(node, exp.Column) else node.expression if isinstance(node, exp.Dot) else node
    return isinstance(inside, exp.Star)


def sources_of(output: Output | None) -> tuple[Source, ...]:
    return output.sources if output else ()


def _field(record: Output | None, path: tuple[str, ...]) -> Output | None:
    """`user.id` of the record `payload`: its own sources where they are known, else those of the whole record."""
    for step in path:
        if record is None:
            return None
        field = next((field for field in record.fields if field.name == step), None)
        record = field or Output(step, record.sources, Unresolved(f"field {step} of a record"))
    return record


def _name(column: exp.Column) -> str:
    if isinstance(column.this, exp.Parameter):
        return "$" + column.this.name  # Snowflake: t.$1 of a file
    return named(column.name) or "*"


def _parts(column: exp.Column) -> tuple[str, ...]:
    return tuple(named(part.name) for part in column.parts[:-1])
