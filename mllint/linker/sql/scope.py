"""What names mean at one place of a query."""

from __future__ import annotations

from mllint.lineage.expressions import Constant, Expression, apply
from mllint.linker.sql.relations import Output, Relation, side_by_side


class Scope:
    """What names mean at one place: the relations of FROM, each under the parts of its name, CTEs, and aliases."""

    __slots__ = ("alias_first", "aliases", "ctes", "forgiving", "lateral", "merged", "parent", "relations")

    def __init__(self, ctes: dict[str, Relation], parent: Scope | None) -> None:
        self.relations: list[tuple[tuple[str, ...], Relation]] = []
        self.ctes = ctes
        self.parent = parent
        self.alias_first = False  # an alias counts even before a column that is listed
        self.lateral = False  # an alias of the select list counts before a column of an open table,
        self.forgiving = False  # or at least where no table can be told
        self.merged: set[str] = set()  # columns of JOIN ... USING
        self.aliases: dict[str, Output] = {}

    def named(self, parts: tuple[str, ...]) -> Relation | None:
        """The relation that `t.` or `s.t.` means here or further out."""
        for name, relation in self.relations:
            if name[-len(parts) :] == parts or (len(name) < len(parts) and parts[-len(name) :] == name):
                return relation
        return self.parent.named(parts) if self.parent else None

    def column(self, name: str) -> Output | None:
        """What an unqualified column means: `None` where it could be of several tables, or is of none."""
        found = self._told(name)
        scope: Scope | None = self
        while found is None and scope is not None and not any(relation.open for _, relation in scope.relations):
            if len(scope.relations) == 1:
                found = scope.relations[0][1].assumed(name)
            scope = scope.parent
        return found

    def _told(self, name: str) -> Output | None:
        if self.alias_first and name in self.aliases:
            return self.aliases[name]
        for _, relation in self.relations:
            if name in relation.names:
                return relation.names[name]
        alias = self.aliases.get(name)
        opened = [relation for _, relation in self.relations if relation.open]
        # a table function has few columns: beside a table that is not known, a name is rather one of the table
        opened = opened or [relation for _, relation in self.relations if relation.every is not None]
        if alias is not None and (self.lateral or not opened):
            return alias
        if len(opened) == 1 or (opened and name in self.merged):
            found = opened[0].find(name)
            if found is not None:
                return found
        if alias is not None and self.forgiving:
            return alias
        return self.parent._told(name) if self.parent and not opened else None

    def open_tables(self) -> list[Relation]:
        """Relations here that may have columns which nobody lists."""
        return [relation for _, relation in self.relations if not relation.closed]

    def rejoins(self) -> bool:
        """Whether rows of one table stand beside other rows of it."""
        if len(self.relations) < 2:
            return False
        tables = [table for _, relation in self.relations if not relation.beside for table in relation.tables()]
        return len(tables) > len(set(tables))

    def statistic(self, relation: Relation | None) -> Expression | None:
        """What a subquery computes of all rows of the table that is read here: km / (SELECT max(km) FROM rides)"""
        grouped = relation.grouped if relation is not None else None
        if grouped is None or grouped.keys or [r.whole for _, r in self.relations] != [grouped.table]:
            return None
        value = next(iter(grouped.made.values()), None)
        return apply("CALL", Constant("OVER"), value, Constant("")) if value is not None else None

    def lists(self, name: str) -> bool:
        """Whether some relation is known to have a column of that name."""
        here = name in self.aliases or any(name in relation.names for _, relation in self.relations)
        return here or (self.parent is not None and self.parent.lists(name))

    def known(self, name: str) -> Output | None:
        """A field that some relation lists with its path: `payload.user.id`."""
        found = (relation.nested.get(name) for _, relation in self.relations)
        return next((field for field in found if field is not None), None)

    def row(self, name: str) -> Output | None:
        """The whole row that a table's alias stands for: BigQuery, Postgres `SELECT to_json(r) FROM rides AS r`."""
        for parts, relation in self.relations:
            if parts != (name,) or any(name in other.names for _, other in self.relations):
                continue
            if relation.open and relation.table.rpartition(".")[2] == name:
                return None  # FROM status: `status` may as well be its column
            return relation.row(name)
        return self.parent.row(name) if self.parent else None


def star_of(scope: Scope) -> Relation:
    """All columns of FROM; those of USING once."""
    if not scope.merged:
        return side_by_side([relation for _, relation in scope.relations])
    parts: list[Relation] = []
    seen: set[str] = set()
    for _, relation in scope.relations:
        kept = [c for c in relation.columns if c.name not in scope.merged or c.name not in seen]
        parts.append(Relation(kept, relation.open, relation.every))
        seen.update(relation.names)
    return side_by_side(parts)
