"""Objects with declared fields that plain values become: what a configuration file, or the environment, gives them.

class Paths(BaseModel):                     class Settings(BaseSettings):
    trips: Path                                 model_config = SettingsConfigDict(env_prefix="ETA_", env_file=".env")
class Config(BaseModel):                        trips: str = "trips.csv"
    paths: Paths
Config(**yaml.safe_load(text))              Settings().trips
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import classes
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Choice,
    Class,
    Constant,
    Tuple,
    Unknown,
    join,
    join_all,
    origins_of,
    text_of,
)
from mllint.linker.python.iteration import entries_of, is_inner, items_of
from mllint.linker.python.library import config
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

_DEEPEST = 6  # classes within classes
_PLAIN = ("str", "int", "float", "bool", "Path", "Any", "dict", "list", "bytes", "object")
_FILES = ("yaml_file", "toml_file", "json_file")


def fields_of(cls: Class) -> Iterator[tuple[str, facts.Expr | None, Class]]:
    """Declared fields with their annotations, and the class of the lineage that declares them."""
    for base in reversed([base for base in classes.lineage_of(cls) if isinstance(base, Class)]):
        for name, annotation in base.scope.slots.get("<fields>", {}).items():
            yield name, annotation, base


# ------------------------------------------------------------------------------------------------- shaping


def validated(m: Machine, instance: Cell, at: facts.At, given: Arguments) -> None:
    """Fields that were given plain values become what their annotations say."""
    for name, annotation, base in fields_of(instance.slots["<class>"]):
        value, sent = instance.slots.get(name), given.keywords.get(classes.alias_of(base, name))
        if sent is not None and name not in given.keywords:  # it is given by its alias
            value = sent
        shaped = _shaped(m, base, annotation, value, at)
        if shaped is not None and shaped is not instance.slots.get(name):
            m.heap.put(instance, name, shaped)


def _shaped(m: Machine, base: Class, annotation: facts.Expr | None, value: Any, at: facts.At) -> Any:
    """A plain value as an annotation of the class wants it."""
    if isinstance(annotation, facts.Name) and annotation.id in _PLAIN:
        return value
    match value:
        case Choice(options=options):
            return join_all([_shaped(m, base, annotation, option, at) for option in options])
        case Cell(kind="dict" | "list") | Tuple() | Constant(value=str()):
            cls, is_held = _class_in(m, base, annotation)
            if cls is None:
                return value
            if not is_held:
                return structured(m, cls, value, at)
            if isinstance(value, Cell) and value.kind == "dict":
                slots = {k: v if is_inner(k) else structured(m, cls, v, at) for k, v in value.slots.items()}
                return m.heap.new("dict", slots, (m.now.path, at))
            items = items_of(m, value, at)
            if items.known is None:
                return value
            return m.heap.new(
                "list", {"items": tuple(structured(m, cls, i, at) for i in items.known)}, (m.now.path, at)
            )
    return value


def structured(m: Machine, cls: Class, value: Any, at: facts.At, depth: int = 0) -> Any:
    """An object of the class, of which a mapping or a row gives the fields; fields that are such classes too."""
    if cls.flavour == "enum":
        return classes.construct(m, cls, Arguments((value,)), at) if isinstance(value, Constant) else value
    if not (isinstance(value, Cell) and value.kind in ("dict", "frame") and cls.flavour == "fields") or _is_deep(m):
        return value
    if value.kind == "frame":
        return _of_row(m, cls, value, at, depth)
    known, rest = entries_of(value)
    instance = m.call(cls, Arguments((), known, rest), at)
    if isinstance(instance, Cell) and instance.kind == "instance":
        validated(m, instance, at, Arguments((), known))
    return instance


def _of_row(m: Machine, cls: Class, row: Cell, at: facts.At, depth: int) -> Any:
    """An object whose fields are those of a row, and rows of other tables that its class has."""
    fields: dict[str, Any] = {}
    for name, annotation, base in fields_of(cls):
        value = m.attribute(row, name, at)
        inner, is_held = _class_in(m, base, annotation)
        if inner is not None and isinstance(value, Cell) and value.kind == "frame" and depth < _DEEPEST:
            value = structured(m, inner, value, at, depth + 1)
            value = m.heap.new("list", {"items": (), "<rest>": value}, (m.now.path, at)) if is_held else value
        fields[name] = value
    return m.call(cls, Arguments((), fields), at)


def _is_deep(m: Machine) -> bool:
    return sum(1 for activation in m.stack if activation.function is None) > _DEEPEST


def _class_in(m: Machine, base: Class, annotation: facts.Expr | None) -> tuple[Class | None, bool]:
    """The class of the repository that an annotation speaks of, and whether a container holds objects of it."""
    match annotation:
        case facts.Subscript(value=outer, index=index):
            name = getattr(outer, "id", getattr(outer, "name", ""))
            inner = index.items[-1] if isinstance(index, facts.Collection) and index.items else index
            if name in ("Optional", "Annotated"):
                first = index.items[0] if isinstance(index, facts.Collection) and index.items else index
                return _class_in(m, base, first)
            is_held = name.lower() in ("list", "dict", "tuple", "sequence", "mapping", "iterable", "set")
            return (_class_in(m, base, inner)[0], True) if is_held else (None, False)
        case facts.Binary(operator="|", left=left, right=right):
            found = _class_in(m, base, left)
            return found if found[0] is not None else _class_in(m, base, right)
        case facts.Literal(value=str() as quoted) if quoted.isidentifier():
            return _class_in(m, base, facts.Name(annotation.at, quoted))
        case facts.Name() | facts.Attribute():
            with m.activation(base.scope, m.module_scope_of(base.scope), base.path, None):
                found_class = m.evaluate(annotation)
            return (found_class if isinstance(found_class, Class) else None), False
    return None, False


def structure(call: Invocation) -> Any:
    """`cls` and `data`: an object of the class: `dacite.from_dict(Config, data)`, `Config.model_validate(data)`."""
    cls = call.get("cls|self")
    value = call.get("data", call.get("0"))
    if not isinstance(cls, Class):
        return Unknown(call.origins(), "the class of an object is not known", call.span)
    if value is None:
        return call.m.call(cls, Arguments((), call.arguments.keywords, call.arguments.rest), call.at)
    return structured(call.m, cls, value, call.at)


def structure_file(call: Invocation) -> Any:
    """The same of a configuration file: `Config.parse_file("config.json")`."""
    data = config.load(call.m, call.get("path"), call.at)
    cls = call.get("cls|self")
    if data is None or not isinstance(cls, Class):
        return Unknown(call.origins(), "the configuration is not in sight", call.span)
    return structured(call.m, cls, data, call.at)


def plain(call: Invocation) -> Any:
    """`obj` as JSON would have it: `jsonable_encoder(body.trips)`."""
    return _plain(call.m, call.get("obj"), call.at)


def _plain(m: Machine, value: Any, at: facts.At, depth: int = _DEEPEST) -> Any:
    match value:
        case _ if depth == 0:
            return Unknown(origins_of(value), "it is too deep", m.span(at))
        case Choice(options=options):
            return join_all([_plain(m, option, at, depth - 1) for option in options])
        case Cell(kind="instance"):
            return _plain(m, m.attribute(value, "__dict__", at), at, depth)
        case Cell(kind="dict", slots=slots):
            entries = {
                k: _plain(m, v, at, depth - 1) if not is_inner(k) or k == "<rest>" else v for k, v in slots.items()
            }
            return m.heap.new("dict", entries, (m.now.path, at, depth))
        case Cell(kind="list", slots=slots):
            made: dict[Any, Any] = {"items": tuple(_plain(m, item, at, depth - 1) for item in slots["items"])}
            if slots.get("<rest>") is not None:
                made["<rest>"] = _plain(m, slots["<rest>"], at, depth - 1)
            return m.heap.new("list", made, (m.now.path, at, depth))
    return value


# --------------------------------------------------------------------------------------------- environment


def from_environment(m: Machine, instance: Cell, at: facts.At, given: Arguments) -> None:
    """Fields that nobody gave take what the files say that the class names, and the `.env` files of the repository."""
    cls = instance.slots["<class>"]
    options = _options(m, cls)
    prefix = (text_of(options.get("env_prefix")) or "").lower()
    delimiter = (text_of(options.get("env_nested_delimiter")) or "").lower()
    named, variables = _variables(m, options.get("env_file"), at)
    for key in _FILES:
        loaded = config.load(m, options[key], at) if key in options else None
        for name, value in entries_of(loaded)[0].items() if loaded is not None else ():
            if name not in given.keywords:
                m.heap.put(instance, name, value)
    validated(m, instance, at, given)
    for name, annotation, base in fields_of(cls):
        if name in given.keywords:
            continue
        variable = _variable(base, name) or prefix + name.lower()
        of_run = _given(m, variable, name in instance.slots)
        if of_run is not None:
            m.heap.put(instance, name, _converted(annotation, texts.word(of_run)))
        elif variable in variables:
            value = _converted(annotation, variables[variable])
            old = instance.slots.get(name)
            m.heap.put(instance, name, value if named or old is None else join(value, old))
        inner = instance.slots.get(name)
        if delimiter and isinstance(inner, Cell) and inner.kind == "instance":
            start = variable + delimiter
            for key, value in variables.items():
                field = next((f for f, _, _ in fields_of(inner.slots["<class>"]) if f.lower() == key[len(start) :]), "")
                if key.startswith(start) and field:
                    m.heap.put(inner, field, value)


def _given(m: Machine, variable: str, has_default: bool) -> str | None:
    """What the environment of the run gives a variable, whose case does not matter."""
    names = [name for name, _ in m.run.environment if name.lower() == variable] if m.run is not None else []
    return m.variable(names[0], has_default) if names else None


def _options(m: Machine, cls: Class) -> dict[str, Any]:
    """What `model_config = SettingsConfigDict(...)`, or an inner `class Config`, says."""
    inner = classes.find_member(cls, "Config")
    found: dict[str, Any] = {}
    if isinstance(inner, Class):
        for base in reversed([base for base in classes.lineage_of(inner) if isinstance(base, Class)]):
            found.update({key: value for key, value in base.scope.slots.items() if not is_inner(key)})
    declared = classes.find_member(cls, "model_config")
    if isinstance(declared, Cell) and declared.kind == "object":
        found.update(declared.slots["arguments"])
    return {**found, **entries_of(declared)[0]}


def _variables(m: Machine, files: Any, at: facts.At) -> tuple[bool, dict[str, Any]]:
    """Variables that `.env` files set, in lower case: those that the class names (then for sure), else any."""
    found: dict[str, Any] = {}
    wanted = [] if files is None else items_of(m, files, at).known if isinstance(files, Tuple | Cell) else [files]
    for file in wanted or ():
        document = config.document_of(m, file)
        path = text_of(file) or ""
        for entry in document.entries if document is not None else ():
            if isinstance(entry.value.value, str) and entry.value.value:
                found[entry.key.lower()] = Constant(entry.value.value, (config.span_of(entry.value, path),))
    if found:
        return True, found
    for env in m.project.of_kind("env"):
        for document in env.config.documents if env.config is not None else ():
            for entry in document.entries:
                if isinstance(entry.value.value, str) and entry.value.value:
                    found.setdefault(entry.key.lower(), Constant(entry.value.value))
    return False, found


def _variable(base: Class, name: str) -> str:
    """The variable that a field names itself: `Field(alias="TRIPS")`, `validation_alias`, `env`."""
    default = classes.find_member(base, name)
    told = default.slots["arguments"] if isinstance(default, Cell) and default.kind == "object" else {}
    return next((text.lower() for key in ("validation_alias", "alias", "env") if (text := text_of(told.get(key)))), "")


def _converted(annotation: facts.Expr | None, value: Any) -> Any:
    """The text of a variable as its field wants it: a number is one, and lists are not parsed."""
    if not isinstance(value, Constant):  # a part of the text is not known
        return value
    name, text = getattr(annotation, "id", ""), str(value.value)
    if text[:1] in ("[", "{"):
        return Unknown(why="the value of a variable is JSON")
    try:
        number = {"int": int, "float": float}[name](text)
    except (KeyError, ValueError):
        return value
    return Constant(number, value.settings)
