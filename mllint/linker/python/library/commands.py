"""Commands that decorators make of functions, as click and typer do, and the groups that hold them.

@click.group()                          @main.command()
@click.pass_context                     @click.option("--source", default="trips.csv")
def main(context):                      @click.pass_context
    context.obj = load_settings()       def train(context, source):"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, External, Function, Unknown, text_of
from mllint.linker.python.library.command_lines import Option, converted, default, given, words_of_run
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine

# ---------------------------------------------------------------------------------------------- declaring


def declared_option(call: Invocation) -> Any:
    """`@click.option("--x", default=...)`: a decorator that tells the default of a parameter."""
    flags = [text for argument in call.arguments.args if (text := text_of(argument))]
    plain = [flag for flag in flags if not flag.startswith("-")]
    long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
    name = (plain[0] if plain else long.partition("/")[0].lstrip("-")).replace("-", "_").lower()
    is_flag = call.is_true("is_flag") or "/" in long
    option = Option(
        name, tuple(f for f in flags if f.startswith("-")), call.get("default"), "store_true" if is_flag else "store",
        None, False,
    )  # fmt: skip
    return _decorator(call, option=option)


def command(call: Invocation) -> Any:
    """`@app.command()`, `@main.command("train")`: the function under it becomes a command of the group."""
    return _decorator(call, **{"command of": call.receiver, "named": text_of(call.get("name|0"))})


def group(call: Invocation) -> Any:
    """`@click.group()`, `@main.group()`: the function under it becomes a group, which runs it before its commands."""
    above = call.receiver if isinstance(call.receiver, Cell) else None
    kind = above.slots["type"] if above else call.m.library.type_of_class(f"{call.name.rpartition('.')[0]}.Group")
    return _decorator(call, **{"makes group": kind, "group of": above, "named": text_of(call.get("name|0"))})


def group_callback(call: Invocation) -> Any:
    """`@app.callback()`: the function under it runs before each command of the group."""
    return _decorator(call, **{"callback of": call.receiver})


def add_command(call: Invocation) -> Any:
    """`main.add_command(train)`, `app.add_typer(models, name="models")`."""
    added = call.get("command|0")
    if isinstance(call.receiver, Cell) and isinstance(added, Cell | Function):
        _add(call.m, call.receiver, text_of(call.get("name|1")) or _name_of(added), added)
    return Constant(None)


def _decorator(call: Invocation, **more: Any) -> Cell:
    slots: dict[Any, Any] = {"type": "", "class": call.name, "arguments": {}, "origins": frozenset(), **more}
    return call.m.heap.new("object", slots, (call.m.now.path, call.at))


def decorated(m: Machine, decorator: Any, function: Function, at: facts.At) -> Any:
    """What a decorator of commands makes of a function: the group that it is, else nothing."""
    slots = decorator.slots if isinstance(decorator, Cell) else {}
    name = slots.get("named") or _name_of(function)
    if isinstance(above := slots.get("command of"), Cell):
        _add(m, above, name, function)
    if isinstance(above := slots.get("callback of"), Cell):
        m.heap.touch(above)
        above.slots["callback"] = function
    if "makes group" not in slots:
        return None
    made = m.new_object(slots["makes group"], "", {}, at)
    made.slots.update({"callback": function, "named": name})
    if isinstance(above := slots["group of"], Cell):
        _add(m, above, name, made)
    return made


def _add(m: Machine, above: Cell, name: str, below: Any) -> None:
    m.heap.touch(above)
    if below not in above.slots.setdefault("commands", {}).values():
        above.slots["commands"][name] = below
    if isinstance(below, Cell):
        below.slots["above"] = above


def _name_of(command: Any) -> str:
    name = command.facts.name if isinstance(command, Function) else str(command.slots.get("named", ""))
    return name.replace("_", "-")


# ------------------------------------------------------------------------------------------------ running


def run_commands(call: Invocation) -> Any:
    """`app()`: the command that the first word names; the only one; else, where no command line is known, each."""
    if isinstance(call.receiver, Cell):
        words = words_of_run(call.m)
        _run_group(call.m, call.receiver, words, _context(call.m, call.receiver, call.at), call.at)
    return Constant(None)


def run_function(call: Invocation) -> Any:
    """`typer.run(main)`."""
    function = call.get("function|0")
    if isinstance(function, Function):
        words = words_of_run(call.m)
        _run_command(call.m, function, words, _context(call.m, None, call.at), call.at)
    return Constant(None)


def _run_group(m: Machine, above: Cell, words: list[str] | None, context: Cell, at: facts.At) -> None:
    commands, own = above.slots.get("commands", {}), words
    if words and (len(commands) > 1 or "callback" in above.slots or "above" in above.slots):
        place = next((i for i, word in enumerate(words) if word.replace("_", "-") in commands), len(words))
        own, words = words[:place], words[place:]
        commands = {words[0]: commands[words[0].replace("_", "-")]} if words else {}
        words = words[1:]
    if isinstance(above.slots.get("callback"), Function):
        _run_command(m, above.slots["callback"], own, context, at)
    for below in list(commands.values()):
        if isinstance(below, Cell):
            _run_group(m, below, words, context, at)
        else:
            _run_command(m, below, words, context, at)


def _run_command(m: Machine, function: Function, words: list[str] | None, context: Cell, at: facts.At) -> None:
    values = _typed_values(m, function, words)
    values.update(option_values(m, function.decorators, words))
    m.call(function, Arguments((), {**values, **_context_values(m, function, context)}), at)


def option_values(m: Machine, decorators: tuple[Any, ...], words: list[str] | None = None) -> dict[str, Any]:
    """Values of the parameters that options declare, as the command line gives them: `words`, or that of the run."""
    options = [d.slots["option"] for d in decorators if isinstance(d, Cell) and "option" in d.slots]
    return _values(m, options, words_of_run(m) if words is None else words)


def _typed_values(m: Machine, function: Function, words: list[str] | None) -> dict[str, Any]:
    """Of a function whose parameters declare the command line: `source: str, target: str = typer.Option("b.csv")`."""
    if any(isinstance(decorator, Cell) and "option" in decorator.slots for decorator in function.decorators):
        return {}
    defaults = dict(function.defaults)
    parameters = [p for p in function.facts.parameters if p.name not in _context_names(m, function)]
    return _values(m, [_typed_option(p, defaults.get(p.name)) for p in parameters], words)


def _values(m: Machine, options: list[Option], words: list[str] | None) -> dict[str, Any]:
    known = given(options, words) if words is not None else {}
    return {
        option.name: converted(m, option, known[option.name])
        if option.name in known
        else default(option, words is not None)
        for option in options
    }


def _typed_option(parameter: facts.Parameter, value: Any) -> Option:
    name, flags, is_positional = parameter.name, [], parameter.default is None
    if isinstance(parameter.default, facts.Literal):
        value = Constant(parameter.default.value)
    if isinstance(value, Cell) and value.kind == "object":
        made, told = value.slots["class"].rpartition(".")[2], value.slots["arguments"]
        if made in ("Option", "Argument"):
            flags = [t for k, v in told.items() if (t := text_of(v)) and k.isdigit() and t.startswith("-")]
            is_positional = made == "Argument"
            value = told.get("default", told.get("0"))
            value = None if isinstance(value, Unknown) else value  # `...` asks for a value
    if not flags and not is_positional:
        flags = ["--" + name.replace("_", "-")]
    is_flag = isinstance(value, Constant) and isinstance(value.value, bool)
    return Option(name, tuple(flags), value, "store_true" if is_flag else "store", None, False)


# ------------------------------------------------------------------------------------------------ contexts


def called_from_outside(m: Machine, function: Function, at: facts.At) -> dict[str, Any]:
    """The parameters of a command that nothing in sight runs: what people may give, and the context that the groups
    above it have made."""
    values = option_values(m, function.decorators)
    if _is_typed(function):
        values.update(_typed_values(m, function, None))
    if not is_command(function) or not _context_names(m, function):
        return values
    groups = list(_groups_above(function))
    context = _context(m, groups[0] if groups else None, at)
    for above in reversed(groups):
        if isinstance(above.slots.get("callback"), Function):
            _run_command(m, above.slots["callback"], None, context, at)
    return {**values, **_context_values(m, function, context)}


def _is_typed(function: Function) -> bool:
    """Whether it is a command whose parameters tell the command line."""
    return any(isinstance(d, Cell) and "command of" in d.slots for d in function.decorators)


def is_command(function: Function) -> bool:
    """Whether people start it: it is declared as a command, or its parameters as options."""
    return any(isinstance(d, Cell) and ("command of" in d.slots or "option" in d.slots) for d in function.decorators)


def below(value: Any) -> Iterator[Function]:
    """The functions of all commands of a group, and of the groups below it."""
    if isinstance(value, Function):
        yield value
    elif isinstance(value, Cell):
        for each in (*value.slots.get("commands", {}).values(), value.slots.get("callback")):
            yield from below(each)


def _groups_above(function: Function) -> Iterator[Cell]:
    declared = [d.slots["command of"] for d in function.decorators if isinstance(d, Cell) and "command of" in d.slots]
    above = declared[0] if declared else None
    for _ in range(5):
        if not isinstance(above, Cell):
            return
        yield above
        above = above.slots.get("above")


def _context(m: Machine, above: Any, at: facts.At) -> Cell:
    """A new context; the type of a group tells of what type (`yields`)."""
    kind = m.library.types.get(above.slots["type"]) if isinstance(above, Cell) else None
    made: Cell = m.new_object(kind.yields if kind is not None else "", "", {}, at)
    return made


def _context_values(m: Machine, function: Function, context: Cell) -> dict[str, Any]:
    held = context.slots.get(("attribute", "obj"), Unknown())
    return {name: held if is_held else context for name, is_held in _context_names(m, function).items()}


def _context_names(m: Machine, function: Function) -> dict[str, bool]:
    """The parameter that takes the context, or what the context holds: by a decorator, or by its type."""
    first = function.facts.parameters[0] if function.facts.parameters else None
    for decorator in function.decorators:
        entry = m.library.call(decorator.name) if isinstance(decorator, External) else None
        if entry is not None and entry.computes in ("pass_context", "pass_held") and first is not None:
            return {first.name: entry.computes == "pass_held"}
    return {p.name: False for p in function.facts.parameters if _is_context(p.annotation)}


def _is_context(annotation: facts.Expr | None) -> bool:
    match annotation:
        case facts.Attribute(name="Context") | facts.Name(id="Context"):
            return True
    return False


def ensure_held(call: Invocation) -> Any:
    """`context.ensure_object(dict)`: what the context holds, made if it holds nothing."""
    m, context = call.m, call.receiver
    if not isinstance(context, Cell):
        return Unknown()
    key = ("attribute", "obj")
    if key not in context.slots:
        m.heap.set(context, key, m.call(call.get("0"), Arguments(), call.at))
    return context.slots[key]


def undecorated(call: Invocation) -> Any:
    """A decorator that says which parameter takes the context; called, it gives the function back."""
    return call.get("0")


TABLE: dict[str, Callable[[Invocation], Any]] = {
    "pass_context": undecorated,
    "pass_held": undecorated,
    "declared_option": declared_option,
    "command": command,
    "group": group,
    "group_callback": group_callback,
    "add_command": add_command,
    "run_commands": run_commands,
    "run_function": run_function,
    "ensure_held": ensure_held,
}
