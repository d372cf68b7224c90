"""SQLAlchemy: statements that are built from tables and mapped classes instead of text.

users = Table("users", metadata, Column("age", Integer))        class User(Base): __tablename__ = "users"
connection.execute(select(users).where(users.c.age > 3))        session.query(User).filter(User.age > 3).all()
connection.execute(users.insert(), rows)                        session.add(User(age=3))
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from mllint.libraries.models import Mapped, Place
from mllint.lineage.ids import is_telling, table_id
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import Table, of_dataset
from mllint.linker.python.abstract.values import (
    Bound,
    Choice,
    Class,
    Column,
    Constant,
    External,
    Tuple,
    Unknown,
    join_all,
    origins_of,
    text_of,
)
from mllint.linker.python.classes import construct, find_member, instance_fields, lineage_of
from mllint.linker.python.frames import frames
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import connections, locate, queries, storage, translations
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine
from mllint.linker.python.results.records import How
from mllint.linker.sql.namespaces import within

ROWS = "dbapi.Rows"


def tables_in(m: Machine, value: Any) -> list[str]:
    """The tables that an argument speaks of: a Table, a mapped class, one of their columns, or a statement of them."""
    match value:
        case Choice(options=options):
            found = [table for option in options for table in tables_in(m, option)]
        case Class():
            found = _named(_table_name(m, value), _schema(value))
            m.mapped.update(dict.fromkeys(found, value))
        case Cell(kind="instance"):
            made_of = value.slots["<class>"]
            found = _named(_table_name(m, made_of), _schema(made_of))
        case Bound(receiver=receiver):  # `users.c.age`
            found = tables_in(m, receiver)
        case Cell(kind="list") | Tuple():
            items = items_of(m, value, 0)
            found = [
                t for item in (items.known if items.known is not None else [items.any]) for t in tables_in(m, item)
            ]
        case Cell(kind="object") if "tables" in value.slots:
            found = list(value.slots["tables"])
        case Cell(kind="object") if value.slots["class"].endswith(".Table"):
            given = value.slots["arguments"]
            found = _named(given.get("name", given.get("0")), _schema_of_table(given))
        case Cell(kind="object") if value.slots["class"].endswith((".Column", ".mapped_column")):
            found = [table for owner in _owners(m, value) for table in tables_in(m, owner)]
        case _:
            found = []
    return list(dict.fromkeys(found))


def _table_name(m: Machine, cls: Class) -> Any:
    named = find_member(cls, "__tablename__") or find_member(cls, "__table__")
    if named is not None:
        return named
    for base in lineage_of(cls):
        kind = m.library.types.get(m.library.type_of_class(base.name)) if isinstance(base, External) else None
        if kind is not None and kind.mapped is not None:
            return _mapped_name(cls, kind.mapped)
    return None


def _schema(cls: Class) -> Any:
    """`__table_args__ = (UniqueConstraint("id"), {"schema": "audit"})`"""
    told = find_member(cls, "__table_args__")
    if isinstance(told, Tuple) and told.items:
        told = told.items[-1]
    if isinstance(told, Cell) and told.kind == "dict" and "schema" in told.slots:
        return told.slots["schema"]
    made = [base for each in lineage_of(cls) if isinstance(each, Class) for base in each.bases]
    given = [base.slots.get("arguments", {}) for base in made if isinstance(base, Cell) and base.kind == "object"]
    found = find_member(cls, "metadata") or next((each["metadata"] for each in given if "metadata" in each), None)
    return _of_metadata(found)


def _schema_of_table(given: Mapping[str, Any]) -> Any:
    """`Table("rides", metadata, schema="raw")`, or as its metadata says."""
    return given.get("schema") or _of_metadata(given.get("metadata", given.get("1")))


def _of_metadata(metadata: Any) -> Any:
    """`MetaData(schema="raw")`"""
    is_made = isinstance(metadata, Cell) and metadata.kind == "object"
    return metadata.slots.get("arguments", {}).get("schema") if is_made else None


def _mapped_name(cls: Class, mapped: Mapped) -> Any:
    """`class Meta: db_table = "trips"`, or `rides_trip` of the class `Trip` in `rides/models.py`."""
    owner: Any = cls
    for part in mapped.name.split("."):
        owner = find_member(owner, part) if isinstance(owner, Class) else None
    if owner is not None:
        return owner
    folder = posixpath.dirname(cls.path)
    if posixpath.basename(folder) == posixpath.basename(cls.path).removesuffix(".py") or folder.endswith("/models"):
        folder = posixpath.dirname(folder)
    filled = mapped.default.replace("{folder}", posixpath.basename(folder)).replace("{class}", cls.name)
    return Constant(filled.lower())


def _named(name: Any, schema: Any = None) -> list[str]:
    if isinstance(name, Cell):  # `__table__ = Table(...)`
        given = name.slots.get("arguments", {})
        return _named(given.get("name", given.get("0")), _schema_of_table(given))
    prefix = text_of(schema)
    names = [text for text in locate.texts(name) if is_telling(f"table:{text}")] if name is not None else []
    return [table_id(f"{prefix}.{text}" if prefix and "." not in text else text) for text in names]


def _owners(m: Machine, column: Cell) -> list[Any]:
    """The mapped class in whose body a column stands."""
    path = column.site[0] if isinstance(column.site, tuple) else ""
    for scope in (m.modules.get(path), m.script(path)):
        for value in list(scope.slots.values()) if scope is not None else ():
            if isinstance(value, Class) and any(v is column for v in value.scope.slots.values()):
                return [value]
    return []


def table_columns(m: Machine, value: Any) -> list[str] | None:
    """The columns that a Table or mapped class declares."""
    match value:
        case Class():
            own = [k for k, v in value.scope.slots.items() if _is_column(v)]
            return list(dict.fromkeys([*value.scope.slots.get("<fields>", ()), *own])) or None
        case Cell(kind="object") if value.slots["class"].endswith(".Table"):
            given = [v for k, v in value.slots["arguments"].items() if k.isdigit() and _is_column(v)]
            names = [text_of(v.slots["arguments"].get("0")) for v in given]
            return [name for name in names if name] or None
    return None


def _is_column(value: Any) -> bool:
    return (
        isinstance(value, Cell)
        and value.kind == "object"
        and str(value.slots["class"]).endswith((".Column", ".mapped_column"))
    )


def statement(call: Invocation) -> Any:
    """`select(User)`, `insert(users)`, `users.update()`, `session.query(User)`: what will run, and on which tables."""
    m = call.m
    subjects = [v for v in (call.receiver, *call.arguments.args) if v is not None]
    tables = [t for subject in subjects for t in tables_in(m, subject)]
    known = [columns for subject in subjects if (columns := table_columns(m, subject)) is not None]
    slots: dict[Any, Any] = {
        "type": "sqlalchemy.Statement",
        "class": "statement",
        "arguments": call.given,
        "origins": frozenset(),
        "tables": tuple(dict.fromkeys(tables)),
        "verb": call.name.rpartition(".")[2],
        "columns": tuple(known[0]) if len(known) == 1 else None,
    }
    made = m.heap.new("object", slots, (m.now.path, call.at))
    if call.name.endswith(".query"):  # a query runs by itself: `session.query(User).all()`
        made.slots["rows"] = run(call, made)
    return made


def refined(call: Invocation) -> Any:
    """`.where(...)`, `.values(...)`, `.join(Other)`: the same statement, and what it adds."""
    made = call.receiver
    if not isinstance(made, Cell):
        return Unknown(call.origins())
    name = call.name.rpartition(".")[2]
    more = [t for value in call.arguments.args for t in tables_in(call.m, value)]
    if name in ("join", "outerjoin", "select_from", "join_from") and more:
        call.m.heap.set(made, "tables", tuple(dict.fromkeys((*made.slots["tables"], *more))))
        if "rows" in made.slots:
            call.m.heap.set(made, "rows", run(call, made))
    if name in ("values", "from_select"):
        call.m.heap.set(made, "values", Tuple(tuple(call.arguments.values())))
    return made


def run(call: Invocation, made: Cell, values: Any = None) -> Any:
    """A statement runs: rows that are read, or tables that are written."""
    m, verb = call.m, made.slots["verb"]
    if verb in ("select", "query", "scalars", "get"):
        found = []
        for node in (_placed(call, table) for table in made.slots["tables"]):
            m.effects.mark(node, "dataset", call.span)
            m.effects.access(node, call.span, m.now.path, True)
            found.append(of_dataset(node, made.slots["columns"]))
        if not found:
            return Unknown(call.origins(), "the tables of a statement are not known", call.span)
        table: Table = frames.merge_all(found)
        return frames.new(m, table, ROWS, call.at)
    for node in made.slots["tables"]:
        if verb == "insert" or verb == "update":
            put(call, node, join_all([v for v in (made.slots.get("values"), values) if v is not None] or [Unknown()]))
    return Unknown()


def _placed(call: Invocation, node: str) -> str:
    """A table in the schema of the connection that is asked for it."""
    asked = call.entry.within.schemas if call.entry.within is not None else ""
    own = call.get(asked) if asked else None
    told = [translations.pairs(own)] if own is not None else []
    told += [connections.told_of(value, translations.SLOT) for value in (*call.given.values(), call.receiver)]
    node = translations.translated(node, told)
    return table_id(within(node.removeprefix("table:"), connections.namespace_of(call)))


def execute(call: Invocation) -> Any:
    """`connection.execute(statement, parameters)`: of a statement that was built, or of SQL text."""
    made = call.get("statement")
    if isinstance(made, Cell) and "tables" in made.slots:
        result = run(call, made, call.get("parameters"))
        return result if isinstance(result, Cell) else Unknown()
    return queries.read(call, Place(query="statement"))


def update(call: Invocation) -> Any:
    """`session.query(User).filter(...).update({User.age: age})`: the rows that a query finds."""
    made = call.receiver
    if isinstance(made, Cell) and made.slots.get("verb") == "query":
        for node in made.slots["tables"]:
            put(call, node, call.get("values", Unknown()))
    return Unknown(call.origins())


def add(call: Invocation) -> Any:
    """`session.add(User(age=age))`, `session.add_all([...])`, `session.bulk_save_objects([...])`."""
    for instance in _instances(call, call.arguments.args[0] if call.arguments.args else None):
        for node in tables_in(call.m, instance):
            put(call, node, instance)


def add_row(call: Invocation) -> Any:
    """`Trip.objects.create(km=km)`, `trip.save()`: an object of a mapped class is a row of its table."""
    row = call.receiver
    if isinstance(row, Class):
        row = construct(call.m, row, call.arguments, call.at)
    for node in tables_in(call.m, row):
        put(call, node, row)
    return row


def mapped_rows(call: Invocation) -> Any:
    """`Trip.objects.filter(city=city)`: rows of the table of a mapped class."""
    m, found = call.m, []
    for node in tables_in(m, call.receiver):
        m.effects.mark(node, "dataset", call.span)
        m.effects.access(node, call.span, m.now.path, True)
        found.append(of_dataset(node))
    return frames.new(m, frames.merge_all(found), ROWS, call.at) if found else Unknown(call.origins())


def _instances(call: Invocation, value: Any) -> list[Any]:
    match value:
        case Cell(kind="instance"):
            return [value]
        case Choice(options=options):
            return [i for option in options for i in _instances(call, option)]
        case Cell(kind="list") | Tuple():
            items = items_of(call.m, value, call.at)
            return [i for v in (items.known if items.known is not None else [items.any]) for i in _instances(call, v)]
    return []


def bulk(call: Invocation) -> Any:
    """`session.bulk_insert_mappings(User, rows)`."""
    for node in tables_in(call.m, call.get("mapper")):
        put(call, node, call.get("mappings", Unknown()))


def put(call: Invocation, node: str, value: Any) -> None:
    """Rows go into a table: the fields of an instance, the keys of dictionaries, columns of a frame."""
    m, node = call.m, _placed(call, node)
    m.effects.access(node, call.span, m.now.path, False, how=How(adds=True))
    m.effects.mark(node, "dataset", call.span)
    for part in _flat(call, value):
        fields = _fields(part)
        for name, field in fields.items():
            if isinstance(field, Column):
                m.effects.write_column(node, name, field, call.span)
        storage.put(call, node, part if not fields else Unknown(origins_of(part)))


def _flat(call: Invocation, value: Any, depth: int = 4) -> list[Any]:
    is_many = isinstance(value, Tuple) or (isinstance(value, Cell) and value.kind == "list")
    if not is_many or depth == 0:
        return [value]
    items = items_of(call.m, value, call.at)
    parts = items.known if items.known is not None else [items.any]
    return [flat for part in parts for flat in _flat(call, part, depth - 1)]


def _fields(value: Any) -> dict[str, Any]:
    match value:
        case Cell(kind="instance"):
            return instance_fields(value)
        case Cell(kind="dict"):
            return {k: v for k, v in value.slots.items() if isinstance(k, str) and not k.startswith("<")}
    return {}
