"""What the names in dbt's Jinja stand for: `ref('rides')`, `source('raw', 'rides')`, `var('day')`, macros.

A template without a project around it (of Airflow, of a folder of queries) is read the same way, with fewer names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from jinja2 import nodes

from mllint.linker.jinja.interpreter import Interpreter, evaluate, render, value_of
from mllint.linker.jinja.syntax import parse
from mllint.linker.jinja.values import (
    TO_BRACES,
    Function,
    Macro,
    Namespace,
    Relation,
    Space,
    TableColumn,
    Unknown,
    hole,
    is_known,
    shown,
)
from mllint.linker.sql.names import Names
from mllint.linker.sql.packages import shipped

_DEEPEST = 3  # templates within values
_LONGEST = 100_000  # characters of what is read as JSON


class Reading:
    """The Jinja of one text. `refs` are the tables that it names, and where; `asked` is whether what it becomes depends
    on the columns of a table, which `columns` knows or not."""

    def __init__(
        self, names: Names, this: str = "", columns: Callable[[str], Sequence[str] | None] | None = None
    ) -> None:
        self.names = names
        self.columns = columns
        self.refs: dict[str, None] = {}
        self.asked = False
        self.settings: dict[str, Any] = {}  # of `config`
        self._depth = 0
        self._this = Relation(hole("this"), this)
        self._made: dict[str, Any] = {}

    def find(self, name: str) -> Any:
        macro = self.names.macro(name)
        if macro is not None:
            return macro
        if name not in self._made:
            self._made[name] = self._builtin(name)
        return self._made[name]

    def _builtin(self, name: str) -> Any:
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        match name:
            case "ref" | "source" | "env_var" | "metric" | "doc":
                return Function(name, getattr(self, "_" + name))
            case "var":
                return Space(name, {"has_var": Function("has_var", self._has_var)}.get, self._var)
            case "config":
                return Space(name, {"get": Function("config", _or_default), "require": _NOTHING}.get, self._config)
            case "this":
                return self._this
            case "target":
                return Space(name, self.names.target.get)
            case "adapter":
                return Space(name, self._adapter)
            case "builtins":
                return Space(name, self._builtin)
            case "context":
                return Space(name, self.find)
        if name == "is_incremental":  # another macro in a project may override it
            return Function(name, lambda: Unknown(name))
        is_package = name == self.names.project or name in self.names.others or bool(shipped(name))
        if is_package:
            return Space(name, lambda macro: self.names.macro(macro, name))
        return self.names.inner_macro(name)

    # ------------------------------------------------------------------------------------------------ tables

    def _ref(self, first: Any, second: Any = None, v: Any = None, version: Any = None) -> Any:
        name, package = (second, first) if second is not None else (first, "")
        if not (isinstance(name, str) and is_known(name)):
            return Unknown("ref")
        number = v if v is not None else version
        return self._table(self.names.ref(name, shown(number) if number is not None else "", shown(package)), name)

    def _source(self, source: Any, table: Any) -> Any:
        if not (isinstance(source, str) and isinstance(table, str) and is_known(source) and is_known(table)):
            return Unknown("source")
        return self._table(self.names.source(source, table), table)

    def _metric(self, name: str, package: str = "") -> Any:
        for table in self.names.metrics.get(package or name, ()):
            self.refs[table] = None
        return Unknown(name)

    def _table(self, table: str, name: str) -> Relation:
        self.refs.setdefault(table, None)
        return Relation(table, name)

    def _adapter(self, name: str) -> Any:
        match name:
            case "dispatch":
                return Function(name, self._dispatch)
            case "quote":
                sign = "`" if self.names.warehouse in _BACKTICKS else '"'
                return Function(name, lambda written, *_: f"{sign}{shown(written)}{sign}")
            case "type":
                return Function(name, lambda: self.names.warehouse)
            case "get_columns_in_relation":
                return Function(name, self._columns)
        return None

    def _dispatch(self, name: str, macro_namespace: Any = None) -> Any:
        """The macro for the warehouse: `bigquery__hash`, else `default__hash`."""
        written = shown(macro_namespace) if isinstance(macro_namespace, str) else ""
        for prefix in (self.names.warehouse, "default"):
            for space in ("", written):
                macro = self.names.macro(f"{prefix}__{name.rpartition('.')[2]}", space) if prefix else None
                if macro is not None:
                    return macro
        return (self.names.macro(name, written) if written in ("dbt", "dbt_utils") else None) or Unknown(name)

    def _columns(self, relation: Any) -> Any:
        self.asked = True
        known = self.columns(relation.table) if self.columns and isinstance(relation, Relation) else None
        return [TableColumn(column) for column in known] if known is not None else Unknown("columns")

    # ---------------------------------------------------------------------------------------------- settings

    def _var(self, name: str, *args: Any, **keywords: Any) -> Any:
        known = self.names.variables.get(name)
        if isinstance(known, str):
            return self._inner(known)
        return known if known is not None else _or_default(name, *args, **keywords)

    def _has_var(self, name: str) -> bool:
        return name in self.names.variables

    def _env_var(self, name: str, *args: Any, **keywords: Any) -> Any:
        return _or_default(name, *args, **keywords)

    def _doc(self, *_: str) -> str:
        return ""

    def _config(self, *args: Any, **settings: Any) -> str:
        given = {**(args[0] if args and isinstance(args[0], dict) else {}), **settings}
        self.settings.update(given)
        for key, value in given.items():
            for hook in _texts(value) if key.endswith("_hook") else ():
                self._inner(hook)  # what a hook refers to, the model depends on
        return ""

    def _inner(self, text: str) -> str:
        """A template within a value: a hook, a variable `"{{ source('raw', 'rides') }}"`."""
        if "{{" not in text or self._depth >= _DEEPEST:
            return text
        self._depth += 1
        try:
            made = Interpreter(self).render(text)
        finally:
            self._depth -= 1
        return made.text if made is not None else hole("")


def _texts(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list | tuple) else [value]:
        written = each.get("sql") if isinstance(each, dict) else each
        if isinstance(written, str):
            yield written


_NOT_GIVEN = object()


def _or_default(name: str, default: Any = _NOT_GIVEN) -> Any:
    return Unknown(shown(name)) if default is _NOT_GIVEN else default


def _from_json(written: str, default: Any = None) -> Any:
    return json.loads(written) if len(written) <= _LONGEST else Unknown()


def _range(*ends: int) -> list[int]:
    whole = range(*ends)
    if len(whole) > 2_000:
        raise ValueError("too long")
    return list(whole)


def _unique(values: Any) -> list[Any]:
    return list(dict.fromkeys(values))


_BACKTICKS = {"bigquery", "spark", "databricks", "mysql"}
_NOTHING = Function("nothing", lambda *_, **__: "")
_RELATION = Space(
    "Relation", {"create": Function("create", lambda *args, **parts: _made(args, parts))}.get
)  # api.Relation.create(schema='raw', identifier='rides')
_COLUMN = Space("Column", {"translate_type": Function("translate_type", lambda written: written)}.get)
_CONSTANTS: dict[str, Any] = {
    "execute": True,
    "log": _NOTHING, "print": _NOTHING, "set_sql_header": _NOTHING, "debug": _NOTHING,
    "exceptions": Space("exceptions", lambda name: _NOTHING),
    "api": Space("api", {"Relation": _RELATION, "Column": _COLUMN}.get),
    "flags": Space("flags", {"FULL_REFRESH": False}.get),
    "namespace": Function("namespace", lambda *args, **values: Namespace({**(args[0] if args else {}), **values})),
    "dict": Function("dict", lambda *args, **values: {**(dict(args[0]) if args else {}), **values}),
    "range": Function("range", _range),
    "set": Function("set", _unique), "set_strict": Function("set_strict", _unique),
    "zip": Function("zip", lambda *lists: [list(each) for each in zip(*lists, strict=False)]),
    "zip_strict": Function("zip_strict", lambda *lists: [list(each) for each in zip(*lists, strict=True)]),
    "fromjson": Function("fromjson", _from_json),
    "tojson": Function("tojson", lambda value, *_, **__: json.dumps(value) if is_known(value) else Unknown()),
    "is_known": Function("is_known", is_known),  # of ours, for the macros that we ship
}  # fmt: skip


def _made(args: tuple[Any, ...], parts: dict[str, Any]) -> Any:
    parts = {**dict(zip(("database", "schema", "identifier"), args, strict=False)), **parts}
    listed = [parts.get("database"), parts.get("schema"), parts.get("identifier")]
    known = [part for part in listed if isinstance(part, str) and is_known(part) and part]
    return Relation(".".join(known), known[-1]) if isinstance(listed[-1], str) and known else Unknown("relation")


# ------------------------------------------------------------------------------------------- texts of files


def rendered(text: str, names: Names) -> str:
    """A text of a properties file with its Jinja looked up; `{{ target.database }}` becomes `{target_database}`."""
    made = render(text, Reading(names)) if "{" in text else None
    return (made.text if made is not None else text).translate(TO_BRACES).strip()


def macros_in(text: str, space: str = "") -> dict[str, Macro]:
    """The macros that a file defines: `{% macro cents(column, scale=2) %}...{% endmacro %}`."""
    tree = parse(text)
    if tree is None:
        return {}
    return {node.name: Macro(node.name, node, space) for node in tree.body if isinstance(node, nodes.Macro)}


def config_of(text: str, names: Names) -> dict[str, Any]:
    """What the `{{ config(schema="mart") }}` of a text gives, `None` for what is not known."""
    tree = parse(text) if "config" in text else None
    reading = Reading(names)
    for call in tree.find_all(nodes.Call) if tree is not None else ():
        if isinstance(call.node, nodes.Name) and call.node.name == "config":
            value_of(call, reading)
    return {key: value if is_known(value) else None for key, value in reading.settings.items()}


def references(written: str, names: Names) -> Iterator[str]:
    """The tables that `ref('rides')`, `source('raw', 'rides')` and `metric('income')` name, as `depends_on` lists
    them."""
    reading = Reading(names)
    evaluate(written.strip().removeprefix("{{").removesuffix("}}"), reading)
    yield from reading.refs
