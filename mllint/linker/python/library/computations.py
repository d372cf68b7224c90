"""The extension point `computes:` of library models: pure computations on texts, paths, settings and arguments."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

from mllint.linker.python import classes
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import by_name
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.tables import of_dataset
from mllint.linker.python.abstract.values import (
    Bound,
    Class,
    Constant,
    External,
    Function,
    Partial,
    Tuple,
    Unknown,
    join_all,
    origins_of,
    text_of,
)
from mllint.linker.python.frames import frames
from mllint.linker.python.iteration import items_of
from mllint.linker.python.library import (
    batches,
    config,
    databases,
    explanations,
    feature_stores,
    figures,
    handles,
    hosting,
    loops,
    networks,
    parsing,
    requests,
    routing,
    searches,
    services,
    templates,
    told,
    training,
    variables,
    web,
    widgets,
)
from mllint.linker.python.library.artifacts import TABLE as ARTIFACTS
from mllint.linker.python.library.binders import TABLE as BINDERS
from mllint.linker.python.library.boxes import TABLE as BOXES
from mllint.linker.python.library.buffers import TABLE as BUFFERS
from mllint.linker.python.library.calling import TABLE as CALLING
from mllint.linker.python.library.command_lines import TABLE as COMMAND_LINES
from mllint.linker.python.library.commands import TABLE as COMMANDS
from mllint.linker.python.library.ini import TABLE as INI
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.listings import TABLE as LISTINGS
from mllint.linker.python.library.logged import TABLE as LOGGED
from mllint.linker.python.library.paths import TABLE as PATHS
from mllint.linker.python.library.pipelined import TABLE as PIPELINED
from mllint.linker.python.library.sql_functions import TABLE as SQL_FUNCTIONS
from mllint.linker.python.library.typed_commands import TABLE as TYPED_COMMANDS


def command_line(call: Invocation) -> Any:
    """`sys.argv` as the stage, script or workflow that runs the file gives it."""
    m = call.m
    if m.run is None:
        rest = Unknown(why="no command in the repository gives this argument")
        slots: dict[Any, Any] = {"items": (), "<rest>": rest}
        return m.heap.new("list", slots, (m.now.path, call.at))
    words = [Constant(m.run.path), *(texts.word(text) for text in m.run.arguments)]
    return m.heap.new("list", {"items": tuple(words)}, (m.now.path, call.at))


def configuration(call: Invocation) -> Any:
    """`path` or `file`: the values of a configuration file of the repository."""
    target = call.get("file|path|stream|0")
    values = config.load(call.m, target, call.at)
    return values if values is not None else Unknown(origins_of(target), "the configuration is not in sight", call.span)


def attributes(call: Invocation) -> Any:
    """A dictionary whose entries are attributes too: ConfigBox, Namespace, OmegaConf."""
    value = call.get("0|data|obj")
    if value is None:
        value = call.m.heap.new("dict", dict(call.arguments.keywords), (call.m.now.path, call.at))
    return box(call, value)


def box(call: Invocation, value: Any) -> Any:
    m = call.m
    if not (isinstance(value, Cell) and value.kind == "dict"):
        return value
    slots: dict[Any, Any] = {
        "type": "python.box",
        "class": "box",
        "arguments": {},
        "origins": frozenset(),
        "items": value,
    }
    cell = m.heap.new("object", slots, (m.now.path, call.at))
    for key, entry in value.slots.items():
        if isinstance(key, str):
            cell.slots["attribute", key] = box(call, entry)
    return cell


def unbox(call: Invocation) -> Any:
    value = call.receiver if call.receiver is not None else call.get("0")
    return value.slots["items"] if isinstance(value, Cell) and "items" in value.slots else value


def partial(call: Invocation) -> Any:
    function, *args = call.arguments.args or (Unknown(),)
    return Partial(function, tuple(args), tuple(sorted(call.arguments.keywords.items())))


def first_argument(call: Invocation) -> Any:
    """The call gives back what it was given: `copy.deepcopy(x)`, `tqdm(items)`, `functools.wraps(f)`."""
    return call.arguments.args[0] if call.arguments.args else Unknown(call.origins())


def identity_decorator(call: Invocation) -> Any:
    """A decorator factory that leaves the function as it is: `@functools.wraps(f)`, `@lru_cache(maxsize=1)`."""
    if call.arguments.args and isinstance(call.arguments.args[0], Function | Class) and "wraps" not in call.name:
        return call.arguments.args[0]
    return Unknown()


def fields_of(call: Invocation) -> Any:
    """`asdict(x)`, `vars(x)`: attributes as a dictionary."""
    return call.m.attribute(call.get("0"), "__dict__", call.at)


def unknown_flag(call: Invocation) -> Any:
    """A truth that is not known: `os.path.exists(p)`."""
    return Unknown(why=f"the outcome of `{call.name}` is not known")


def default_dict(call: Invocation) -> Any:
    """`defaultdict(list)`: a missing key is made when it is asked for."""
    factory = call.get("0")
    is_known = isinstance(factory, Function | Bound | Partial | Class | External)
    slots: dict[Any, Any] = {"<default>": factory} if is_known else {}
    return call.m.heap.new("dict", slots, (call.m.now.path, call.at))


def named_tuple(call: Invocation) -> Any:
    """`namedtuple(typename, field_names)`: the names in a list or in one text."""
    names = frames.names_of(call.get("field_names"))
    title = text_of(call.get("typename"))
    if names is None or title is None:
        return Unknown(why="the fields of a named tuple are not known")
    fields = [name for text in names for name in text.replace(",", " ").split()]
    return classes.named_tuple(call.m, title, fields, call.at)


def replaced(call: Invocation) -> Any:
    """`dataclasses.replace(config, name=value)`: a copy with other fields."""
    value = call.get("obj|0")
    if not (isinstance(value, Cell) and value.kind == "instance"):
        return Unknown(call.origins())
    slots = {**value.slots, **call.arguments.keywords}
    return call.m.heap.new("instance", slots, (call.m.now.path, call.at))


def any_item(call: Invocation) -> Any:
    """`random.choice(names)`: one of them."""
    return items_of(call.m, call.get("choices|0"), call.at).any


def chained(call: Invocation) -> Any:
    """`itertools.chain(a, b)`: the items of each."""
    parts = [items_of(call.m, value, call.at) for value in call.arguments.args]
    return _listed(call, [p.known for p in parts], join_all([p.any for p in parts]))


def chained_from(call: Invocation) -> Any:
    """`itertools.chain.from_iterable(lists)`."""
    outer = items_of(call.m, call.get("0"), call.at)
    inner = [items_of(call.m, value, call.at) for value in (outer.known if outer.known is not None else [outer.any])]
    known: list[list[Any] | None] = [p.known for p in inner] if outer.known is not None else [None]
    return _listed(call, known, join_all([p.any for p in inner]) if inner else Unknown())


def _listed(call: Invocation, parts: list[list[Any] | None], rest: Any) -> Any:
    known = [item for part in parts if part is not None for item in part]
    slots: dict[Any, Any] = {"items": tuple(known[:200])}
    if any(part is None for part in parts) or len(known) > 200:
        slots = {"items": (), "<rest>": rest}
    return call.m.heap.new("list", slots, (call.m.now.path, call.at))


def product(call: Invocation) -> Any:
    """`itertools.product(a, b)`: each with each."""
    parts = [items_of(call.m, value, call.at) for value in call.arguments.args]
    size = 1
    for part in parts:
        size *= len(part.known) if part.known is not None else 1000
    if size > 64 or call.arguments.keywords:
        return _listed(call, [None], Tuple(tuple(part.any for part in parts)))
    rows = [Tuple(row) for row in itertools.product(*[part.known or [] for part in parts])]
    return _listed(call, [rows], Unknown())


def type_only(call: Invocation) -> Any:
    """`typing.cast(type, value)`."""
    return call.arguments.args[-1] if call.arguments.args else Unknown()


def import_module(call: Invocation) -> Any:
    """`importlib.import_module(name)` of a known name."""
    name = text_of(call.get("name|0"))
    path = call.m.imports.find(name, call.m.now.path) if name and "{" not in name else None
    if path is not None:
        return call.m.load_module(path)
    return External(name) if name and name.partition(".")[0] in call.m.library.modules else Unknown()


def configuration_box(call: Invocation) -> Any:
    """A configuration file whose keys are attributes: `OmegaConf.load(path)`."""
    return box(call, configuration(call))


def joined_values(call: Invocation) -> Any:
    """Something made of all arguments: an answer, a page."""
    return Unknown(call.origins())


def pass_on(call: Invocation) -> Any:
    """The positional arguments again, in another order or with other rows: `X, y = shuffle(X, y)`."""
    args = call.arguments.args
    return args[0] if len(args) == 1 else Tuple(args)


def request_fields(call: Invocation) -> Any:
    """The fields of the request that is being answered."""
    m = call.m
    if not m.endpoint:
        return Unknown(why="a request is used outside of a handler", span=call.span)
    return frames.new(m, of_dataset(m.endpoint), "python.request", call.at)


def run_time(call: Invocation) -> Any:
    """When the run is: `datetime.now()`. What is made of it, `strftime` and all, is as unknown."""
    return Unknown(call.origins(), "only the run knows its time", call.span, "time")


def run_id(call: Invocation) -> Any:
    """What each run draws anew: `uuid.uuid4()`, and what somebody else gave a thing to be known by: `task.id`."""
    origins = frozenset() if call.entry.attribute else call.origins()
    return Unknown(origins, "only the run knows its id", call.span, "id")


def number(call: Invocation) -> Any:
    """A number that a library names: `math.pi`."""
    return Constant({"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf}[call.name.rpartition(".")[2]])


def held_rows(call: Invocation) -> Any:
    """The rows that an object holds since it last read: `cursor.fetchall()`, `consumer.poll()`."""
    receiver = call.receiver
    if isinstance(receiver, Cell) and receiver.kind == "object" and "rows" in receiver.slots:
        return receiver.slots["rows"]
    return Unknown(call.origins())


def held_row(call: Invocation) -> Any:
    """One of them: `cursor.fetchone()`."""
    rows = held_rows(call)
    return items_of(call.m, rows, call.at).any if isinstance(rows, Cell) else rows


def make_estimator(call: Invocation) -> Any:
    """A function that makes an estimator of its arguments: `make_pipeline(a, b)`."""
    name = "".join(part.capitalize() for part in call.name.rpartition("make_")[2].split("_"))
    dotted = f"{call.name.rpartition('.')[0]}.{name}"
    return call.m.new_object(call.m.library.type_of_class(dotted), dotted, by_name((), call.arguments), call.at)


def exported(call: Invocation) -> Any:
    """The first argument in another format, beside what does not fit in: `proto, rest = from_keras(model)`."""
    return Tuple((first_argument(call), Unknown()))


TABLE: dict[str, Callable[[Invocation], Any]] = {
    "jinja_template": templates.jinja_template,
    "jinja_from_string": templates.jinja_from_string,
    "jinja_render": templates.jinja_render,
    "dollar_substitute": templates.dollar_substitute,
    **{
        function.__name__: function
        for function in (
            
            variables.environment, command_line,
            configuration,
            attributes, unbox, partial, first_argument, identity_decorator, fields_of,
            unknown_flag, default_dict, named_tuple, replaced, any_item, chained, chained_from, product, type_only,
            import_module, joined_values, request_fields, pass_on, parsing.dotted,
            parsing.joined_data, parsing.literal,
            parsing.logged_uri, make_estimator, configuration_box,
            number, told.settings, told.option, told.field_types, run_time, run_id, held_rows, held_row,
            routing.mount,
            routing.included, routing.deployed, routing.asked, services.named_function, hosting.hosted,
            hosting.invoked, exported, web.form_data,
            web.application, web.state, web.session, handles.url_opened, widgets.widget, widgets.widget_value,
        )
    },
    **COMMAND_LINES,
    **COMMANDS,
    **CALLING,
    **INI,
    **PATHS, **PIPELINED,
    **ARTIFACTS,
    **SQL_FUNCTIONS,
    **TYPED_COMMANDS,
    **BINDERS,
    **BOXES,
    **BUFFERS,
    **LISTINGS,
    **LOGGED,
    "statement": databases.statement, "refined_statement": databases.refined, "run_statement": databases.execute,
    "batches": batches.batches, "side_by_side": batches.side_by_side, "parts": batches.parts,
    "picked": batches.picked,
    "slices": batches.slices, "each_slice": batches.each_slice,
    "shown": web.shown, "forward": networks.forward, "backward": training.backward, "loss": training.loss,
    "turn": networks.turn, "network_state": networks.state,
    "load_network_state": networks.load_state,
    "explained": explanations.explained, "told": explanations.told, "search": searches.search,
    "restored": loops.restored, "stored_path": loops.stored_path,
    "storing_callback": loops.storing_callback,
    "the_figure": figures.the_figure, "new_figure": figures.new_figure,
    "fresh_figure": figures.fresh_figure, "drawn": figures.drawn,
    "annotated": requests.annotated, "gathered": figures.gathered, "save_figure": figures.save_figure,
    "feature_view": feature_stores.feature_view, "features_of": feature_stores.features_of,
    "add_row": databases.add_row, "mapped_rows": databases.mapped_rows,
    "add_rows": databases.add, "update_rows": databases.update, "bulk_rows": databases.bulk,
}  # fmt: skip
