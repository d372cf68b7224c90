"""Command lines that functions and classes declare by their parameters and fields.

fire.Fire({"train": train})                 HfArgumentParser((Model, Data)).parse_args_into_dataclasses()
tyro.cli(Config)                            flags.DEFINE_string("trips", "trips.csv", "what to read")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import classes
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Bound,
    Class,
    Constant,
    External,
    Function,
    Module,
    Tuple,
    Unknown,
    join,
    text_of,
)
from mllint.linker.python.iteration import entries_of, items_of
from mllint.linker.python.library import config, schemas
from mllint.linker.python.library.command_lines import Option, converted, default, words_of_run
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

_MOST_STEPS = 8  # words that lead from a group to a command
_MOST_MODULES = 64  # that are asked for a flag
_FLAGS = "<flags>"  # of a module: those it declares
_BY_PEOPLE = "the argument `{}` is given by people"


# -------------------------------------------------------------------------------------------------- words


def _flags_and_words(words: list[str], known: set[str] | None) -> tuple[dict[str, str], list[str]]:
    """`--name value`, `--name=value` and `--flag` of the names that are known (or of all), and the other words."""
    flags: dict[str, str] = {}
    plain: list[str] = []
    index = 0
    while index < len(words):
        name, equals, value = words[index].partition("=")
        index += 1
        bare = name.lstrip("-").replace("-", "_")
        if not name.startswith("-") or name.lstrip("-")[:1].isdigit():
            plain.append(words[index - 1])
        elif equals:
            flags[bare] = value
        elif index < len(words) and not words[index].startswith("--"):
            flags[bare] = words[index]
            index += 1
        else:
            flags[bare] = "True"
    told = {name: value for name, value in flags.items() if known is None or name in known}
    return told, plain


def _value(text: str) -> Any:
    """A word as Python reads it: a number and a truth are none of them texts."""
    if text in ("True", "False", "true", "false"):
        return Constant(text.lower() == "true")
    for convert in (int, float):
        try:
            return Constant(convert(text))
        except ValueError:
            continue
    return texts.word(text)


# --------------------------------------------------------------------------------------------------- fire


def run_component(call: Invocation) -> Any:
    """`component`: a function, class, dictionary or object, of which the words of the command line name a part."""
    m, words = call.m, words_of_run(call.m)
    component = call.get("component")
    if component is None:
        component = Module(m.now.path, m.now.module_scope) if words else None
    if words is None:
        if isinstance(component, Function):
            m.call(component, Arguments((), _defaults(component)), call.at)
        return Unknown(why="no command in the repository runs it", span=call.span)
    for _ in range(_MOST_STEPS):
        if isinstance(component, Function | Bound | Class):
            component, words = _called(m, component, words, call.at)
        if not words or words[0].startswith("-"):
            break
        part = _part(m, component, words[0].replace("-", "_"), call.at)
        if part is None:
            break
        component, words = part, words[1:]
        if not words and isinstance(component, Function | Bound | Class):
            component, words = _called(m, component, words, call.at)
    return component


def _called(m: Machine, component: Any, words: list[str], at: facts.At) -> tuple[Any, list[str]]:
    """What a call with these words gives, and the words that are left."""
    function = component.function if isinstance(component, Bound) else component
    if isinstance(component, Class):
        function = classes.find_member(component, "__init__")
    parameters = [p for p in function.facts.parameters if p.name != "self"] if isinstance(function, Function) else []
    takes_any = any(parameter.kind == "double star" for parameter in parameters)
    told, plain = _flags_and_words(words, None if takes_any else {parameter.name for parameter in parameters})
    keywords = {name: _value(text) for name, text in told.items()}
    if not isinstance(component, Class):  # words go to a constructor by their flags: the first names a method
        for parameter in parameters:
            if plain and parameter.name not in keywords and parameter.kind in ("plain", "positional"):
                keywords[parameter.name] = _value(plain.pop(0))
    others: list[str] = []
    if isinstance(component, Class):  # what the constructor does not take is for the method
        flags = _flags_and_words(words, None)[0]
        others = [f"--{name}={value}" for name, value in flags.items() if name not in told]
    return m.call(component, Arguments((), keywords), at), [*plain, *others]


def _part(m: Machine, component: Any, name: str, at: facts.At) -> Any:
    match component:
        case Cell(kind="dict"):
            return component.slots.get(name) or component.slots.get(name.replace("_", "-"))
        case Cell(kind="instance"):
            return classes.find_method(m, component, name) or component.slots.get(name)
        case Module(scope=scope):
            return scope.slots.get(name)
    return None


def _defaults(function: Function) -> dict[str, Any]:
    """What a function that people start is given where no command is known: its defaults, or anything else."""
    given: dict[str, Any] = {}
    held = dict(function.defaults)
    for parameter in function.facts.parameters:
        if parameter.kind in ("plain", "positional", "keyword"):
            value = held.get(parameter.name)
            if isinstance(parameter.default, facts.Literal):
                value = Constant(parameter.default.value)
            why = Unknown(why=_BY_PEOPLE.format(parameter.name), is_alternative=value is not None)
            given[parameter.name] = why if value is None else join(value, why)
    return given


# ---------------------------------------------------------------------------------------- classes with fields


def parse_objects(call: Invocation) -> Any:
    """An object of each class that the parser was made with: `parser.parse_args_into_dataclasses()`."""
    kinds = call.get("self.dataclass_types|self.0")
    many = items_of(call.m, kinds, call.at).known if isinstance(kinds, Tuple | Cell) else [kinds]
    words = words_of_run(call.m)
    return Tuple(tuple(_object_of(call, kind, words) for kind in many or ()))


def parse_objects_of_file(call: Invocation) -> Any:
    """The same, of a configuration file or a mapping: `parser.parse_yaml_file("train.yaml")`."""
    kinds = call.get("self.dataclass_types|self.0")
    many = items_of(call.m, kinds, call.at).known if isinstance(kinds, Tuple | Cell) else [kinds]
    data = call.get("args") if "path" not in call.entry.parameters else config.load(call.m, call.get("path"), call.at)
    known, rest = entries_of(data) if data is not None else ({}, Unknown(why="the configuration is not in sight"))
    return Tuple(tuple(_filled(call, kind, known, rest) for kind in many or ()))


def _filled(call: Invocation, kind: Any, known: dict[str, Any], rest: Any) -> Any:
    if isinstance(kind, Class):
        names = {name for name, _, _ in schemas.fields_of(kind)}
        known = {name: value for name, value in known.items() if name in names}
    return call.m.call(kind, Arguments((), known, rest), call.at)


def parse_object(call: Invocation) -> Any:
    """An object of a class, or what a function returns: `tyro.cli(Config)`, `tyro.cli(main)`."""
    kind = call.get("config_class")
    if isinstance(kind, Class):
        return _object_of(call, kind, words_of_run(call.m))
    return run_component(call.with_given({"component": kind}))


def _object_of(call: Invocation, kind: Any, words: list[str] | None) -> Any:
    m = call.m
    if isinstance(kind, External):  # a class of a library, which declares its own: all flags may be its
        told = {name: _value(text) for name, text in _flags_and_words(words or [], None)[0].items()}
        return m.call(kind, Arguments((), told), call.at)
    if not isinstance(kind, Class):
        return Unknown(why="the class that declares the arguments is not known", span=call.span)
    names = [name for name, _, _ in schemas.fields_of(kind)]
    told = {name: _value(text) for name, text in _flags_and_words(words or [], set(names))[0].items()}
    made = m.call(kind, Arguments((), told), call.at)
    if words is None and isinstance(made, Cell) and made.kind == "instance":
        for name in names:  # people may give anything
            held = made.slots.get(name)
            why = Unknown(why=_BY_PEOPLE.format(name), is_alternative=held is not None)
            is_part = isinstance(held, Cell) and held.kind == "instance"
            if not is_part:
                m.heap.set(made, name, why if held is None else join(held, why))
    return made


# -------------------------------------------------------------------------------------------------- flags


def declared_flag(call: Invocation) -> Any:
    """`name`, `default`: a flag of the whole program: `flags.DEFINE_string("trips", "trips.csv", "help")`."""
    m, name = call.m, text_of(call.get("name"))
    if name is None:
        return Unknown()
    option = Option(name, ("--" + name,), call.get("default"), "store", None, False)
    words = words_of_run(m)
    told = _flags_and_words(words, {name})[0] if words is not None else {}
    value = converted(m, option, [told[name]]) if name in told else default(option, words is not None)
    declared = m.now.module_scope.slots.get(_FLAGS)
    if not isinstance(declared, Cell):
        declared = m.heap.new("dict", {}, (m.now.path, call.at))
        m.heap.set(m.now.module_scope, _FLAGS, declared)
    m.heap.set(declared, name, value)
    slots: dict[Any, Any] = {"type": "", "class": "", "arguments": {}, "origins": frozenset()}
    return m.heap.new("object", {**slots, ("attribute", "value"): value}, (m.now.path, call.at))


def flag_value(call: Invocation) -> Any:
    """`FLAGS.trips`: a flag that this module declares, one that is running, or one that these import."""
    m, name = call.m, call.name.rpartition(".")[2]
    running = dict.fromkeys(activation.module_scope for activation in reversed(m.stack))
    imported = [v.scope for scope in running for v in list(scope.slots.values()) if isinstance(v, Module)]
    for scope in dict.fromkeys([*running, *imported[:_MOST_MODULES]]):
        declared = scope.slots.get(_FLAGS)
        if isinstance(declared, Cell) and name in declared.slots:
            m.tracker.touch(scope)
            return declared.slots[name]
    return Unknown(why=f"the flag `{name}` is not declared in sight", span=call.span)


def run_main(call: Invocation) -> Any:
    """`main`, or the function of that name of the file: `app.run(main)`, `tf.app.run()`."""
    m = call.m
    function = call.get("main", m.now.module_scope.slots.get("main"))
    if isinstance(function, Function | Bound):
        m.call(function, Arguments((Unknown(why="what is left of the command line"),)), call.at)
    return Unknown()


TABLE: dict[str, Callable[[Invocation], Any]] = {
    function.__name__: function
    for function in (
        run_component, parse_objects, parse_objects_of_file, parse_object, declared_flag, flag_value, run_main,
    )
}  # fmt: skip
