"""Library calls: finding their model, and applying what it says."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.libraries.models import Entry
from mllint.linker.python import builtins, methods
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import Arguments, by_name
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.losses import because
from mllint.linker.python.abstract.traces import without_traces
from mllint.linker.python.abstract.values import (
    WHOLE,
    Bound,
    Choice,
    Class,
    Column,
    Constant,
    External,
    Function,
    Partial,
    Text,
    Tuple,
    Unknown,
    as_measures,
    is_text,
    join,
    join_all,
    origins_of,
)
from mllint.linker.python.frames import frame_expressions, frame_operations, frames, usage
from mllint.linker.python.frames.named_parts import each_part, is_named_parts, named_part
from mllint.linker.python.library import (
    columns,
    computations,
    connections,
    decisions,
    gates,
    handles,
    inherited,
    learning,
    loading,
    locate,
    loops,
    paths,
    pipelined,
    randomness,
    routing,
    rows,
    statistics,
    storage,
    trials,
    watching,
    web,
)
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.learners import prepare
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import decorated
from mllint.linker.python.orchestration.extensions import COMPUTED, made

# ------------------------------------------------------------------------------------------------- finding


def call_external(m: Machine, name: str, arguments: Arguments, at: facts.At) -> Any:
    """A call of a library function or class by its dotted name."""
    entry = m.library.call(name)
    if entry is None and m.endpoint:
        watching.discarded(m, arguments.values(), at)
    if entry is not None:
        if entry.computes != "attributes":
            m.pass_on(*arguments.values())
        return apply(Invocation(m, m.library.canonical(name), entry, None, arguments, at))
    if name not in _LOOKS:
        m.pass_on(*arguments.values())
    kind = m.library.type_of_class(name)
    if kind:
        usage.asked(m, arguments)
        made_object = new_object(m, kind, m.library.canonical(name), by_name((), arguments), at)
        usage.gone(m, made_object.slots["origins"])
        made_object.slots["rest"] = arguments.rest is not None
        made_object.slots["constructed"] = True
        return made_object
    usage.asked(m, arguments)
    usage.builtin(m, name, arguments)
    builtin = builtins.FUNCTIONS.get(name)
    if builtin is not None:
        return builtin(m, arguments, at)
    if _looks_like_class(name):
        made_object = new_object(m, "", name, by_name((), arguments), at)
        made_object.slots["origins"] |= origins_of(arguments.rest)  # `Answer(**response.json())`
        return made_object
    origins = frozenset().union(*(origins_of(value) for value in arguments.values()))
    return Unknown(origins, f"what `{name}` returns is not modelled", m.span(at))


_LOOKS = ("builtins.len", "builtins.isinstance", "builtins.type", "builtins.dict", "builtins.bool", "builtins.hasattr")


def _looks_like_class(name: str) -> bool:
    last = name.rpartition(".")[2]
    return (last[:1].isupper() and not last.isupper()) or last in ("field", "ib")


def call_method(m: Machine, receiver: Any, name: str, arguments: Arguments, at: facts.At) -> Any:
    """A call of a method on a value of a library or of Python itself. `name` is that of its model, or bare."""
    m.pass_on(*arguments.values())
    if "." in name:
        entry = m.library.calls[name]
        if isinstance(receiver, Choice):
            return join_all([call_method(m, option, name, arguments, at) for option in receiver.options])
        if (entry.frame or entry.writes) and is_named_parts(receiver):
            return each_part(
                receiver,
                lambda part: call_method(m, part, name, arguments, at),
                Invocation(m, name, entry, receiver, arguments, at),
            )
        return apply(Invocation(m, name, entry, receiver, arguments, at))
    if name == "replace" and len(arguments.args) + len(arguments.keywords) == 1:  # of a text it takes two
        found = m.library.method(type_of(receiver), name)
        if found is not None:
            return apply(Invocation(m, found[0], found[1], receiver, arguments, at))
    if isinstance(receiver, Function | Partial) or (
        isinstance(receiver, Bound) and isinstance(receiver.function, Function)
    ):
        result = decorated.method(m, receiver, name, arguments, at)
        if result is not None:
            return result
    method = methods.method(receiver, name)
    if method is not None:
        return method(m, receiver, arguments, at)
    if m.endpoint:
        watching.discarded(m, (receiver, *arguments.values()), at)
    if name == "get" and arguments.args:
        field = frames.field_of_record(m, receiver, arguments.args[0], at)
        if field is not None:
            return field
    usage.asked(m, arguments)
    m.pass_on(receiver)
    origins = origins_of(receiver).union(*(origins_of(value) for value in arguments.values()))
    usage.gone(m, origins)
    if isinstance(receiver, Column):
        return columns.unmodelled(m, receiver, name, arguments, at)
    why = f"what the method `{name}` returns is not modelled"
    lost = because(Unknown(origins), (receiver,), why, m.span(at))
    default = arguments.args[1] if name == "get" and len(arguments.args) == 2 else None
    if isinstance(receiver, Unknown) and is_text(default):  # of a dictionary that nothing is known of
        return join(default, msgspec.structs.replace(lost, is_alternative=True))
    return lost


def call_object(m: Machine, receiver: Cell, arguments: Arguments, at: facts.At) -> Any:
    """A call of a library object, such as the decorator that `app.route("/")` returned."""
    if "route" in receiver.slots and arguments.args and isinstance(arguments.args[0], Function | Bound | Class):
        routing.register(m, receiver, arguments.args[0])
        return arguments.args[0]
    found = m.library.method(receiver.slots["type"], "__call__")
    if found is not None:
        return apply(Invocation(m, found[0], found[1], receiver, arguments, at))
    duck = m.library.ducks.get("__call__")
    if duck is not None and receiver.slots.get("token"):
        return apply(Invocation(m, duck[0], duck[1], receiver, arguments, at))
    if arguments.args and isinstance(arguments.args[0], Function) and not receiver.slots.get("origins"):
        return arguments.args[0]  # a decorator object of a library that is not modelled
    origins = origins_of(receiver).union(*(origins_of(value) for value in arguments.values()))
    usage.gone(m, origins)
    return Unknown(origins, "what a library object returns is not modelled", m.span(at))


# ---------------------------------------------------------------------------------------------- attributes


def type_of(value: Any) -> str:
    """The library type of a value, whose methods it has; empty if unknown."""
    match value:
        case Column(kind=kind):
            return "python.value" if kind in ("", WHOLE) else kind
        case Cell(kind="frame" | "object"):
            return str(value.slots["type"])
        case Constant(value=str()) | Text():  # a text may be a path; its own methods come first
            return "python.path"
    return ""


_SESSION = "python.session"  # an object whose attributes are the entries of a dictionary, also when they are assigned


def attribute_of(m: Machine, owner: Any, name: str, at: facts.At) -> Any:
    if isinstance(owner, Cell) and owner.kind == "object" and isinstance(owner.slots.get("items"), Cell):
        is_method = m.library.method(owner.slots["type"], name) is not None
        m.ask(
            owner.slots["items"],
            Constant(name),
            at,
            is_tolerant=is_method or methods.method(owner.slots["items"], name) is not None,
        )
    if isinstance(owner, Cell) and owner.kind == "object" and ("attribute", name) in owner.slots:
        return owner.slots["attribute", name]
    kind = type_of(owner)
    if kind == _SESSION:
        items = owner.slots["items"]
        return Bound(name, items) if methods.method(items, name) else m.item(items, Constant(name), at)
    if kind == "python.path" and methods.method(owner, name) is not None:
        return Bound(name, owner)
    found = m.library.method(kind, name) if kind else None
    if found is None and isinstance(owner, Cell) and owner.kind == "frame":
        column = frames.column_attribute(m, owner, name, at)
        if column is not None:
            return column
    if found is None and isinstance(owner, Column) and not owner.kind:  # `trip.pickup.hour` of a field
        found = m.library.method("datetime.Moment", name)
    if found is None and _is_untyped(owner):
        found = m.library.ducks.get(name)
    if found is None and isinstance(owner, Bound) and (made := _chained(m, owner, name, at)) is not None:
        return attribute_of(m, made, name, at)
    if found is None and kind and (any_name := m.library.method(kind, "__getattr__")) is not None:
        return apply(Invocation(m, *any_name, owner, Arguments((Constant(name),)), at))
    if found is None:
        usage.looked(m, owner)  # `df.shape`
        if name in _SIZES:  # as of `len(df)`: it tells of data, and holds none
            return Unknown(as_measures(without_traces(origins_of(owner))))
        return Bound(name, owner) if not isinstance(owner, Unknown) else _unknown_attribute(owner, name)
    full, entry = found
    if entry.attribute:
        return apply(Invocation(m, full, entry, owner, Arguments(), at))
    return Bound(full, owner)


def _chained(m: Machine, attribute: Bound, name: str, at: facts.At) -> Any:
    """What an attribute of something unknown is, told by what is asked of it: `rides.write.parquet(path)`."""
    found = m.library.chains.get(attribute.function) if isinstance(attribute.function, str) else None
    if found is None or not isinstance(attribute.receiver, Unknown):
        return None
    full, entry = found
    if m.library.method(entry.returns, name) is None:
        return None
    return apply(Invocation(m, full, entry, attribute.receiver, Arguments(), at))


_SIZES = {"shape", "ndim", "size"}


def _is_untyped(owner: Any) -> bool:
    match owner:
        case Unknown():
            return True
        case Cell(kind="object"):
            return not owner.slots["type"] or bool(owner.slots.get("token"))
        case Bound():
            return True
    return False


def _unknown_attribute(owner: Unknown, name: str) -> Any:
    return Bound(name, owner)


def read_attribute(m: Machine, module: External, name: str, at: facts.At) -> Any:
    """The value of an attribute such as `flask.request` or `sys.argv`, where a model says what it is."""
    entry = m.library.call(name)
    if entry is None or not entry.attribute:
        return None
    return apply(Invocation(m, m.library.canonical(name), entry, None, Arguments(), at))


def apply_attribute(m: Machine, name: str, entry: Entry, owner: Any, at: facts.At) -> Any:
    """The value of an attribute that a model speaks of."""
    return apply(Invocation(m, name, entry, owner, Arguments(), at))


def subscript_external(m: Machine, owner: External, index: Any, at: facts.At) -> Any:
    """`np.c_[a, b]`, `os.environ["X"]`: modelled as `numpy.c_.__getitem__`."""
    entry = m.library.call(f"{owner.name}.__getitem__")
    if entry is None:
        return owner if isinstance(index, External) else Unknown(origins_of(index))  # typing.List[int]
    args = index.items if isinstance(index, Tuple) else (index,)
    return apply(Invocation(m, m.library.canonical(owner.name), entry, None, Arguments(tuple(args)), at))


def object_item(m: Machine, owner: Cell, index: Any, at: facts.At) -> Any:
    held = owner.slots.get("items")
    if held is not None:
        return named_part(m, held, index, at) if is_named_parts(owner) else m.item(held, index, at)
    found = m.library.method(owner.slots["type"], "__getitem__")
    if found is not None:
        return apply(Invocation(m, found[0], found[1], owner, Arguments((index,)), at))
    kind = m.library.types.get(owner.slots["type"])
    if kind is not None and (kind.whole or (isinstance(index, Constant) and index.value in kind.envelope)):
        return owner
    if owner.slots.get("reference"):  # a loaded thing of which nothing is known yet: it may well be a frame
        return frames.item(m, loading.as_frame(m, owner, at), index, at)
    return Unknown(origins_of(owner), "an item of a library object is not modelled", m.span(at))


def assign_object_item(m: Machine, owner: Cell, index: Any, value: Any, at: facts.At) -> None:
    held = owner.slots.get("items")
    if isinstance(held, Cell) and held.kind == "dict" and isinstance(index, Constant):
        m.heap.set(held, index.value, value)
        if owner.slots["type"] == "python.box":
            m.heap.set(owner, ("attribute", index.value), value)
    elif is_named_parts(owner) and isinstance(held, Cell):  # `parts[split] = part`, whichever it is
        m.heap.set(held, "<rest>", join(held.slots.get("<rest>"), value))
    else:
        m.heap.set(owner, "held", join(owner.slots.get("held"), value))


# ------------------------------------------------------------------------------------------------ applying


def new_object(m: Machine, kind: str, class_name: str, given: dict[str, Any], at: facts.At) -> Any:
    """An object of a library class, with the arguments it was made from."""
    holds = m.library.holds(kind)
    origins = frozenset().union(*(origins_of(value) for key, value in given.items() if not key.isdigit()), frozenset())
    origins = origins.union(*(origins_of(value) for key, value in given.items() if key.isdigit()))
    slots: dict[Any, Any] = {"type": kind, "class": class_name, "arguments": given, "origins": origins}
    cell = m.heap.new("object", slots, (m.now.path, at))
    order = m.library.types[kind].order if kind in m.library.types else ""
    if order:
        slots["order"] = rows.order_of(order, given.get)
    if holds in ("estimator", "transformer"):
        prepare(m, cell, at)
    made(m, kind, cell, at)
    return cell


def apply(call: Invocation) -> Any:
    """What a call means, by the model of what is called."""
    marks = usage.before(call.m, call.receiver, call.arguments)
    if not marks:
        usage.asked(call.m, call.arguments)
    result = _applied(call)
    if marks:
        usage.after(call, marks, result)
    return result


def _applied(call: Invocation) -> Any:
    entry = call.entry
    methods = inherited.own_methods(call)
    if methods:
        return inherited.in_turn(call, methods)
    if entry.free:
        frame_expressions.free_arguments(call)
    result: Any = None
    if entry.writes or entry.saves or entry.requests or entry.evaluates:
        watching.told(call.m, call.origins(), call.at)
    if not (entry.frame or entry.column or entry.mutates or entry.fits or entry.transforms or entry.predicts):
        watching.discarded(call.m, (call.receiver, *call.arguments.values()), call.at)
    if entry.evaluates in ("check", "drift"):
        call.m.effects.data_checked(call.origins(), call.span)
    if entry.evaluates and without_traces(call.origins()):
        for at in dict.fromkeys((call.span, *call.m.call_places[-1:])):  # `metrics_of(y_test, predicted)` measures too
            call.m.effects.evaluated(entry.evaluates, at)
    if entry.computes:
        result = (computations.TABLE.get(entry.computes) or COMPUTED[entry.computes])(call)
        if entry.evaluates and isinstance(result, Unknown):
            # a score, or a picture, tells of predictions, and holds none: `json.dump({"auc": roc_auc_score(y, p)}, f)`
            result = msgspec.structs.replace(result, origins=_as_score(call, result.origins))
    if entry.checks is not None:
        storage.check(call, entry.checks)
        known = paths.marks_root(call, call.get(entry.checks.file)) if entry.checks.file else None
        if known is not None:
            return known
    if entry.labels is not None:
        storage.label(call, entry.labels)
    if entry.opens is not None:
        return handles.open_handle(call, entry.opens)
    if entry.reads is not None and not (entry.reads.texts and not storage.is_named(call, entry.reads)):
        result = usage.read(call.m, storage.read(call, entry.reads), call.at)
        if entry.rows:
            result = _keep(call, result)
    if entry.loads is not None:
        result = loading.load(call, entry.loads)
        if entry.mutates == "always":  # `model.load_model("eta.json")`
            learning.become(call, result)
    if entry.copies is not None:
        storage.transfer(call, entry.copies.source, entry.copies.target)
    if entry.writes is not None:
        storage.write(call, entry.writes)
    if entry.saves is not None and not (entry.saves.texts and not storage.is_named(call, entry.saves)):
        storage.save(call, entry.saves)
    if entry.fits is not None:
        result = learning.fit(call, entry.fits)
        loops.stored_by(call, entry.decides, result)
    if entry.transforms:
        result = learning.transform(call)
    if entry.predicts:
        read = origins_of(result) if entry.reads is not None else frozenset()
        result = learning.predict(call)
        if read and isinstance(result, Column | Unknown):  # `model.transcribe("ride.wav")`: of what it reads itself
            result = msgspec.structs.replace(result, origins=result.origins | read)
        if entry.evaluates == "metric":  # `model.score(X, y)`
            result = Unknown(_as_score(call, origins_of(result)))
    if entry.splits:
        result = learning.split(call)
    if entry.folds and entry.fits is None:
        result = learning.fold(call)
    if entry.loop is not None:
        result = loops.run(call, entry.loop)
    if entry.routes is not None:
        return routing.route(call, entry.routes)
    if entry.requests is not None:
        result = web.request(call, entry.requests)
    call.made = result
    if entry.frame:
        result = frame_operations.TABLE[entry.frame](call)
    if entry.column:
        result = columns.apply(call)
    if entry.guards:
        call.m.tracker.says()  # what stands before routes is looked for where scripts made it
    if entry.gates:
        gates.checked(call)
    if entry.deploys:
        gates.deployed(call, storage.nodes_told(call))
    if entry.seeds:
        randomness.seed(call)
    randomness.drew(call)
    result = _of_rows(call, _returned(call, result))
    if entry.within is not None and entry.reads is None:
        connections.enter(call, entry.within, result)
    return result


def _as_score(call: Invocation, origins: frozenset[str]) -> frozenset[str]:
    """Origins of a metric or picture: of what it tells of, and the scores that it is."""
    told = trials.measured(call, origins) if call.entry.evaluates == "metric" else without_traces(origins)
    return as_measures(told)


def _of_rows(call: Invocation, result: Any) -> Any:
    """The result with its rows, where these are others than those of what the call was given."""
    entry = call.entry
    subject = call.receiver if call.receiver is not None else call.get("0")
    if entry.chooses:
        trials.chosen(call.m, subject, call.name.rpartition(".")[2], call.span)
    if entry.statistic or columns.is_about_all(call, result):
        value = statistics.statistic(call, result, subject, keeps_rows=entry.statistic == "rows")
        return value if entry.statistic == "rows" else decisions.without_cuts(value)
    if entry.rowset:
        return rows.became(call, result)
    return result


def _returned(call: Invocation, result: Any) -> Any:
    m, entry = call.m, call.entry
    match entry.returns:
        case "":
            if result is None:
                result = _unmodelled(call)
        case "self":
            result = call.receiver
        case "none":
            result = Constant(None)
        case "unknown":
            result = Unknown(call.origins())
        case "same":
            result = result if result is not None else frames.copy(call)
        case name if name.startswith("="):
            result = join_all([texts.word(text) for text in locate.filled(call, name[1:])])
        case name if name.startswith("$"):
            result = call.get(name[1:])
            result = result if result is not None else Unknown(call.origins())
        case name if result is None:
            result = _make(call, name)
        case name:
            result = _retype(m, result, name)
    return result


def _keep(call: Invocation, rows: Any) -> Any:
    """A cursor or consumer that holds the rows it reads: `cursor.execute(query)`, then `cursor.fetchall()`."""
    m, holder = call.m, call.receiver
    if holder is None:
        holder = _make(call, call.entry.returns)
    if not (isinstance(holder, Cell) and holder.kind == "object"):
        return rows
    if call.entry.returns == "self":  # `pipe.get("a").get("b")`
        pipelined.add(call, holder, rows)
        return holder
    m.heap.set(holder, "rows", rows)
    m.heap.set(holder, "origins", holder.slots["origins"] | origins_of(rows))
    return holder


def _unmodelled(call: Invocation) -> Any:
    entry = call.entry
    if entry.writes is not None and storage.is_returned(call, entry.writes):
        return Unknown(call.origins())
    if entry.writes is not None or entry.saves is not None or entry.copies is not None:
        return Constant(None)
    return Unknown(call.origins(), f"what `{call.name}` returns is not modelled", call.span)


def _make(call: Invocation, name: str) -> Any:
    m = call.m
    match m.library.holds(name):
        case "frame":
            return frames.new(m, frames.Table(open=True, origins=call.origins()), name, call.at)
        case "column":
            return columns.of_origins(call, name)
    is_class = call.name.rpartition(".")[2][:1].isupper()  # else a function that makes one
    cell = new_object(m, name, call.name if is_class else name, {**call.given}, call.at)
    if isinstance(call.receiver, Cell) and call.receiver.kind == "object":
        cell.slots["maker"] = call.receiver
        inherited = call.receiver.slots.get("origins", frozenset())
        cell.slots["origins"] = cell.slots["origins"] | inherited
    return cell


def _retype(m: Machine, result: Any, name: str) -> Any:
    if isinstance(result, Column) and m.library.holds(name) == "column":
        return msgspec.structs.replace(result, kind=name)
    if isinstance(result, Cell) and result.kind in ("frame", "object") and m.library.holds(name) in ("frame", "object"):
        m.heap.put(result, "type", name)
    return result
