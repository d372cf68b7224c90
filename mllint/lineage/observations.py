"""What the linker saw on the way that is no node or edge, yet evidence for a rule."""

from __future__ import annotations

import msgspec

from mllint.lineage.declarations import Declared
from mllint.lineage.expressions import Expression
from mllint.lineage.trials import Trials
from mllint.source import Span


class Setting(msgspec.Struct, frozen=True):
    """One value that a setting takes, and where it is written."""

    value: bool | int | float | str | None
    span: Span


class Branch(msgspec.Struct, frozen=True):
    """A test on a setting whose outcome is the same for every value that any config, default or command gives it.

    `dead` are the spans of the code that is cut off, `lines` how many lines that is. `subject` is the setting as
    written in the code; `settings` are all values found for it. `only_reports`: it only prints, logs or plots."""

    span: Span
    subject: str
    text: str
    outcome: bool
    settings: tuple[Setting, ...]
    dead: tuple[Span, ...]
    lines: int
    only_reports: bool = False


class Script(msgspec.Struct, frozen=True):
    """A Python file that can be run: who runs it (`runners`: CI jobs, stages, Dockerfiles ...), who imports it
    (`importers`), and whether it takes arguments. `is_entry` if it does anything when run; `is_mentioned` if a text
    for people tells how to run it, or a text in code names its file."""

    path: str
    lines: int
    is_entry: bool
    takes_arguments: bool
    runners: tuple[Span, ...]
    importers: tuple[str, ...]
    is_mentioned: bool = False
    is_page: bool = False  # it draws a page for people: streamlit, gradio, dash ...


class Start(msgspec.Struct, frozen=True):
    """Something that starts the file `path`, and where it says so. `by`: `container`, `stage` (of DVC, MLflow projects,
    a task of a DAG, a workflow with a timetable), `service` (a route, a Procfile), `installed` (a script of the
    package), `dag` (a scheduler runs the file, since it holds a DAG), `process` (other code), `job` (CI), `command`
    (make, a shell script). `parametrised`: a notebook that is given its parameters."""

    path: str
    span: Span
    by: str
    parametrised: bool = False


class Import(msgspec.Struct, frozen=True):
    """A file of the repository imports another one, `target`, at `span`."""

    span: Span
    target: str


class Dealing(msgspec.Struct, frozen=True):
    """How one module deals with the types of one package, imported at `span`. `types` are those that it names; at
    `conversions`, some of its `statements`, an object of them is made of something plain, or the other way round."""

    package: str
    span: Span
    types: tuple[str, ...]
    statements: int
    conversions: tuple[Span, ...] = ()


class Definition(msgspec.Struct, frozen=True):
    """A class or method of the repository, and how many files name it (its own body left out).

    `dynamic`: it can be picked up without its name being written: `__init_subclass__`, `getattr(module, name)`,
    a Hydra `_target_`, an entry point, `__all__`."""

    span: Span
    name: str
    qualified: str  # module path, dot, name
    kind: str  # function, class, method
    bases: tuple[str, ...]  # of a class, dotted library names where known
    decorated: bool
    references: int
    lines: int
    dynamic: bool = False


class Feature(msgspec.Struct, frozen=True):
    """How one feature of one model is computed on one side. `position` counts from 0 where the model goes by
    position; `function` is the qualified name of the repository function that computes it, if one does;
    `model` is the id of the model node (or of the artifact through which it is known). `named` is the literal that
    names it among the model's inputs; `not_null` are the columns it reads that cannot be null on this side."""

    model: str
    name: str
    side: str  # train, serve
    expression: Expression
    span: Span
    job: str
    position: int | None = None
    function: str = ""
    named: Span | None = None
    not_null: tuple[str, ...] = ()
    elsewhere: bool = False  # what the model is given was written by another job, which computes it


class Output(msgspec.Struct, frozen=True):
    """A place to which predictions of a model go: a dataset or column that holds them, an endpoint that gives them."""

    model: str
    target: str
    span: Span
    job: str


class Decision(msgspec.Struct, frozen=True):
    """A prediction is compared with numbers that are written in code or configuration, and something is done about the
    outcome at `acted`: it goes to `target`, or without one, a branch acts. `settings` are the places of the numbers in
    configuration, `predicted` that of the predict call."""

    model: str
    span: Span
    text: str
    values: tuple[int | float, ...]
    settings: tuple[Span, ...]
    predicted: Span
    acted: Span
    target: str
    job: str


class Check(msgspec.Struct, frozen=True):
    """Data are held against what they should be: a schema, a test that raises or reports. `data` are the nodes they
    come from; `order` counts along with that of fits."""

    data: tuple[str, ...]
    span: Span
    job: str
    order: int


class Action(msgspec.Struct, frozen=True):
    """A call that does something outside, `name`, in a loop and because of a prediction that is made at `predicted`.
    `bound`: what may keep it within bounds, `limit` or `review`; empty if nothing does."""

    model: str
    span: Span
    job: str
    name: str
    predicted: Span
    bound: str = ""


class Told(msgspec.Struct, frozen=True):
    """What becomes of scores (ids of measurings): `shown` on a screen, `logged` by a logger, or `kept`: in a file, by a
    tracker, or where nobody follows."""

    scores: tuple[str, ...]
    span: Span
    job: str
    how: str


class Watch(msgspec.Struct, frozen=True):
    """A value of a request, or of the prediction made for it, goes somewhere that stays: a log, a metric, a table."""

    endpoint: str
    span: Span


class Intake(msgspec.Struct, frozen=True):
    """What a model is given, by a fit or a predict call: the names of all its features in order, empty for one that
    only has a place; `None` if they are not all known.

    `named`: the model sees the names; else only the places count. `picks`: it takes its columns by name, so that more
    of them, or another order, do no harm. `learned` are the fits that the rows went through. `sure`: there is one
    model only that it can be."""

    model: str
    side: str  # fit, predict
    names: tuple[str, ...] | None
    span: Span
    job: str
    endpoint: str = ""  # whose handler does it
    named: bool = True
    picks: bool = False
    learned: tuple[str, ...] = ()
    refits: tuple[str, ...] = ()  # those of `learned` that the same run has fitted, not loaded
    made_of: tuple[str, ...] = ()  # what besides columns went into it: artifacts that it was transformed by ...
    sure: bool = True


class Evaluation(msgspec.Struct, frozen=True):
    """A job that measures data it has read: a metric, a drift report, a check of values."""

    job: str
    span: Span
    what: str  # metric, drift, check, plot


class Handover(msgspec.Struct, frozen=True):
    """A prediction, threshold, log-odds or multiplier that leaves the function that made it for another module as a
    bare float, tuple or dict. `span` is that function; `return_span` what it returns; `receiver` who takes it, in the
    function `receiver_body` or, without one, at the top of a module, while `job` runs."""

    span: Span
    function: str
    what: str  # prediction, threshold ...
    shape: str  # float, array, tuple, dict, list
    model: str
    return_span: Span
    receiver: Span
    receiver_body: Span | None = None
    job: str = ""


class Access(msgspec.Struct, frozen=True):
    """One read or write of something whose name is known. `span` is the line that does it, `called` the call in which
    the name is known, where that is another one (of a generic helper). `guarded`: it may be missing, and the code
    copes. `adds`: a write that leaves what is there. `revision`: the version, stage or alias of a model. `made`:
    where what is written is made."""

    id: str
    is_read: bool
    span: Span
    called: Span
    job: str
    guarded: bool = False
    adds: bool = False
    revision: str = ""
    made: str = ""


class Mention(msgspec.Struct, frozen=True):
    """A text in `path` names a file `name` that code writes, `times` times. Looked for only where no code is seen to
    read what is written: who names it may."""

    name: str
    path: str
    times: int


class ModelLabel(msgspec.Struct, frozen=True):
    """A stage or alias that code gives to a registered model; a name that is not known holds `{`."""

    model: str
    label: str
    span: Span
    job: str


class Key(msgspec.Struct, frozen=True):
    """A key of a configuration file, with the keys that lead to it. `state` tells whether any part of it is read:
    `read`, `unread`, or `unsure` where code that is not followed may read it. `value` is that of a scalar."""

    keys: tuple[str, ...]
    span: Span
    state: str
    is_scalar: bool
    value: bool | int | float | str | None = None
    content: str = ""  # of a list, as a text to compare
    places: tuple[Span, ...] = ()  # of its value, or of a list's
    readers: tuple[Span, ...] = ()  # the places of code that ask for it, as far as they are known


class Config(msgspec.Struct, frozen=True):
    """A configuration file of the repository: who loads it, its keys in file order, and the files that it is laid on
    (`bases`). `is_tooling`: tools of their own read it (a manifest, a lock, a workflow). `loads` are the calls that
    parse it; `is_checked`: something that loads it may hold its values against a schema, or refuse wrong ones."""

    path: str
    jobs: tuple[str, ...]
    keys: tuple[Key, ...]
    bases: tuple[str, ...] = ()
    is_tooling: bool = False
    loads: tuple[Span, ...] = ()
    is_checked: bool = False


class Given(msgspec.Struct, frozen=True):
    """What a call gives for one parameter, if it is a scalar: the places of its value in configuration files, or the
    literal itself, if the value is written in the call. `value` is None where there are several."""

    parameter: str
    value: bool | int | float | str | None
    settings: tuple[Span, ...] = ()
    literal: Span | None = None


class Component(msgspec.Struct, frozen=True):
    """A call of a library that takes settings. `kind`: `estimator` makes one, `fit`, `split`, `data` reads or writes
    what `given` names, `call` is any other that configuration gives values. `model` is what is fitted, if anything."""

    span: Span
    job: str
    what: str  # dotted name of the class or function
    kind: str
    given: tuple[Given, ...]
    model: str = ""


class Edit(msgspec.Struct, frozen=True):
    """A statement of a copy that is another one, or stands on one side alone. `before` and `after` are the literals
    that differ, if that is all."""

    first: Span | None
    second: Span | None
    before: str = ""
    after: str = ""


class Copy(msgspec.Struct, frozen=True):
    """A passage that works on data stands in two files: where each begins (the `def` that it is in, or its first
    statement), how many statements it has, and how many of them are equal but for the names of variables."""

    first: Span
    second: Span
    statements: int
    equal: int
    edits: tuple[Edit, ...]


class MissingKey(msgspec.Struct, frozen=True):
    """The code asks configuration `files` for a key that none of them has, without a default."""

    span: Span
    keys: tuple[str, ...]
    files: tuple[str, ...]


class Override(msgspec.Struct, frozen=True):
    """A value that takes the place of another wherever the files are merged; `repeats`: it is the same one."""

    span: Span
    base: Span
    repeats: bool


class Draw(msgspec.Struct, frozen=True):
    """A call that draws by chance, or an object whose fit does. `seed` is the parameter that would seed it, `generator`
    the global generator it draws from instead, if there is one. `seeded`: by either, or it cannot be told. `fits` are
    the fits that drew; `rows` begins the ids of the row sets that were drawn. `once`: one for each module is told."""

    span: Span
    job: str
    what: str
    seed: str
    generator: str
    seeded: bool
    fits: tuple[str, ...] = ()
    rows: str = ""
    trains: bool = False  # a model is made by the draw itself: the first weights of a network
    once: bool = False
    elsewhere: Span | None = None  # where the generator is seeded on some paths only, or too late


class Route(msgspec.Struct, frozen=True):
    """A route and where it is registered. `guard`: `seen` if something before it can refuse whoever has no credential,
    `unsure` if something is there that nobody models, else `none`. `predicts`: the nodes that its handler predicts
    with, a file that nothing in the repository makes among them."""

    endpoint: str
    span: Span
    job: str
    guard: str
    predicts: tuple[str, ...] = ()


class Deployment(msgspec.Struct, frozen=True):
    """A call that registers or deploys a model (`node`). `gates` are the tests that can prevent it: `score` of a metric
    or prediction, `order` (`a < b`, of which no more is known), `unknown`, `check` by a library. `fits` are the fits
    that made the model, as far as they are known there."""

    node: str
    span: Span
    job: str
    order: int
    gates: tuple[str, ...] = ()
    fits: tuple[str, ...] = ()


class Loading(msgspec.Struct, frozen=True):
    """A call that loads what was saved. `name` is as it is asked for; `version` tells what of it: `stage`, `latest`,
    `alias`, `version`, empty for a path or where it cannot be told."""

    node: str
    span: Span
    job: str
    name: str
    version: str = ""


class Limit(msgspec.Struct, frozen=True):
    """A filter that compares a column with a date that code or configuration fixes: rows stay where
    `column operator value`. `setting` is the place in the configuration, if it stands in one."""

    dataset: str
    column: str
    operator: str  # <, <=, >, >=, ==, outside
    value: str  # an ISO date; of `outside` two, `2023-09-13/2023-09-17`
    span: Span
    job: str
    setting: Span | None = None


class Absent(msgspec.Struct, frozen=True):
    """A column that code asks for of the rows of a dataset whose columns are all known, and are others."""

    dataset: str
    name: str
    span: Span
    job: str


class Reading(msgspec.Struct, frozen=True):
    """A call that reads rows. `is_used`: a column of them is asked for, or they go whole into something. `is_input`: no
    code reads them, a step of a pipeline names them among its inputs."""

    dataset: str
    span: Span
    job: str
    is_used: bool
    is_input: bool = False


class Computed(msgspec.Struct, frozen=True):
    """A column that code computes and gives a name, in memory. `is_used`: somebody asks for it, or its frame goes whole
    into something, or where nobody follows. `left` are the selections that leave it out."""

    name: str
    span: Span
    job: str
    function: str
    is_used: bool
    left: tuple[Span, ...] = ()


class Dependency(msgspec.Struct, frozen=True):
    """A package that a list asks for, and with which versions. `pinned`: to one version, there, by a lock file or by
    another list of this folder or one above. It holds for the files below `folder`."""

    span: Span
    package: str
    wanted: str
    pinned: bool
    folder: str


class Observations(msgspec.Struct):
    branches: list[Branch] = []
    scripts: list[Script] = []
    starts: list[Start] = []
    imports: list[Import] = []
    dealings: list[Dealing] = []  # with packages whose types several folders name
    definitions: list[Definition] = []
    features: list[Feature] = []
    decisions: list[Decision] = []
    checks: list[Check] = []
    watches: list[Watch] = []
    actions: list[Action] = []
    told: list[Told] = []
    notebooks: list[str] = []  # also those that are kept as Python files, with a mark before each cell
    recording: list[str] = []  # files that import, or name, what records runs
    log_files: list[str] = []  # files that tell a logger to write into a file
    intakes: list[Intake] = []
    outputs: list[Output] = []
    functions: dict[str, Span] = {}  # where those stand that compute features, by qualified name
    tests: list[str] = []  # files that hold tests of code
    tested: list[str] = []  # those of `functions` that tests may reach
    handovers: list[Handover] = []
    evaluations: list[Evaluation] = []
    accesses: list[Access] = []
    configs: list[Config] = []
    components: list[Component] = []
    copies: list[Copy] = []
    missing_keys: list[MissingKey] = []
    overrides: list[Override] = []
    mentions: list[Mention] = []
    labels: list[ModelLabel] = []
    supplied: list[str] = []  # names of files that commands bring: `COPY model.pkl /app`, `curl -o data.csv`
    draws: list[Draw] = []
    routes: list[Route] = []
    gateways: list[Span] = []  # policies before services of the repository that ask for a credential
    deployments: list[Deployment] = []
    score_tests: list[Span] = []  # where a score decides what is done next
    loadings: list[Loading] = []
    makings: list[Computed] = []
    readings: list[Reading] = []
    limits: list[Limit] = []
    absent: list[Absent] = []
    dependencies: list[Dependency] = []
    declared: list[Declared] = []  # in code: tags of features in a feature store
    trials: Trials = msgspec.field(default_factory=Trials)  # what was fitted and scored on which rows
    runners: list[Span] = []  # every command, stage or service that starts something of the repository
