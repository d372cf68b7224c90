"""What library models say. The format is described in docs/library-models.md; `Entry` is its exact vocabulary."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from itertools import chain

import msgspec

from mllint.libraries.serving import Route, Service

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # of a name: `sendEmail`, `place_order`


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where data is read or written. One of the first group names the parameter that tells which; of several, the
    first that a call gives: a reader of Spark takes a path, or the option `dbtable`, or the option `subscribe`.

    A parameter may be written with alternatives (`path|buf`); `self` is the receiver, `self.x` what it was made with.
    """

    file: str = ""
    table: str = ""
    query: str = ""  # SQL text
    url: str = ""
    base: str = ""  # of a request: what its URL is relative to
    topic: str = ""
    collection: str = ""
    model: str = ""  # a registered name
    # with `file`, what the name means if no such file is known; with `model`, where it goes if no name is given
    node: str = ""  # a node id, with {parameter} in it

    instead: str = ""  # of a file: a parameter with files, or with files by name, that are read instead
    schema: str = ""  # of a table
    parts: bool = False  # a list of texts is one name: `session.table([database, schema, name])`
    value: str = ""  # what is written: a parameter, default `self` for methods
    dialect: str = ""
    into: str = ""  # of a query: a parameter with the table that its rows go into
    mode: str = ""  # of opening: a parameter, or `=w`
    default: str = ""  # what the name is when the parameter is not given
    texts: bool = False  # only where the parameter is a text; else it is the data itself: `xgb.DMatrix("train.svm")`
    adds: str = ""  # `mode:a`: with this value of the parameter, what is there stays; `always`
    versions: dict[str, str] = {}  # pattern of a name -> which it asks for: stage, latest, alias, version
    variables: bool = False  # of a query: what it reads may be variables of the program that hold frames
    portable: bool = False  # what is saved holds no classes of the library: ONNX, a list of weights
    as_text: bool = False  # what is written is the text of the value: of a model its name, not the model
    tables: str = ""  # `format=bigquery|iceberg`: with one of these values, the name of a file is that of a table
    consumer: bool = False  # what is written goes to somebody outside: a consumer, not a dataset


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A registered model gets a stage or alias: parameters."""

    model: str
    label: str


class Copy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one place holds goes into another as it is: a download, an upload, a copy."""

    source: Place
    target: Place


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the arguments of a reader say of the columns: parameters."""

    names: str = ""  # a list, a dictionary, or a text as `a INT, b STRING`
    only: str = ""
    header: str = ""  # the first line of a file holds names only if this is given, and is not false


class Fit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    x: str = "X"
    y: str = "y"
    label: str = ""  # the column of `x` that is the label, by its name, or `self.p`: what the receiver was made with


class Loop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trainer goes over batches. `source` is a parameter with an object of the repository whose method `loader`
    gives what `data` may be given as, after its methods `before`; `step` is the method of the model that takes a
    batch."""

    model: str
    data: str
    step: str
    loader: str
    source: str = ""
    before: tuple[str, ...] = ()
    trains: bool = False  # the step gives a loss that the model learns from
    callbacks: str = ""  # parameter with callbacks, of which some store the model, or choose when to stop
    watches: str = ""  # parameter with what gives the batches that the model is scored on meanwhile
    watched: str = ""  # the method that gives these
    scores: str = ""  # the method of the model that takes one of them


class Mapped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a class whose objects are rows of a table: the attribute that names the table (`Meta.db_table`), and its name
    where there is none, of the `{folder}` and `{class}`."""

    name: str
    default: str


class Stores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a callback stores a model: parameters, and how the name ends."""

    name: str
    folder: str = ""
    ending: str = ""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of an estimator or transformer that is told the names of columns of one frame: the parameters with those that it
    takes, adds, and learns as the label. `a|b` is either; `a=b` says that it is `b` where it is not given."""

    takes: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    label: str = ""
    may_add: tuple[str, ...] = ()  # columns that may be there afterwards, too, of what was loaded and may be anything


class Random(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is drawn by chance. `seed` are the parameters that seed it; `generator` is the global one it draws from
    where none of them is given. `when`: only if one of these holds; `shuffle` unless that parameter is false,
    `+shuffle` only if it is given and not false, `solver=sag|saga` only with such a value."""

    seed: str = ""
    generator: str = ""
    when: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()  # of objects: patterns of dotted names of classes, or of types
    once: bool = False  # however often it is drawn in a module, that is one thing to say: networks


class Within(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which schema a connection finds bare names: parameters that tell it. A `dataset` names catalog and schema.

    `urls` tell by scheme what the host of a URL and the parts of its path are: `trino: ["", catalog, schema]`."""

    catalog: str = ""
    schema: str = ""
    dataset: str = ""
    url: str = ""
    urls: dict[str, tuple[str, ...]] = {}
    options: str = ""  # of Postgres: `-c search_path=raw`
    path: str = ""  # of Postgres: `raw, public`
    schemas: str = ""  # a dictionary of schemas by those in whose place they are, of tables that are declared in code
    session: bool = False  # of SQL: what it changes holds for all that the library does


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one call means. Names of parameters are those of the library."""

    parameters: tuple[str, ...] = ()
    keywords: dict[str, str] = {}  # keyword of the library -> the name that what follows knows it by
    # a type, `self`, `same` (another of the receiver's type), `unknown`, `$parameter`, `=text` with {parameter} in it
    returns: str = ""
    duck: bool = False  # holds for receivers of unknown type too: the name is telling enough
    chained: bool = False  # of an attribute: so does what is asked of it: `rides.write.parquet(path)`

    within: Within | None = None
    reads: Place | None = None
    writes: Place | None = None
    loads: Place | None = None  # an object, as it was saved
    saves: Place | None = None
    copies: Copy | None = None
    opens: Place | None = None
    checks: Place | None = None  # asks whether something is there
    labels: Labels | None = None
    requests: Place | None = None  # an HTTP call: joins an endpoint and its consumer
    rows: str = ""  # what is read stays with the receiver, or the new object, as rows of this type: cursors, consumers
    columns: Columns | None = None
    fits: Fit | None = None
    goes_on: bool = False  # of a fit: from what was learned before, `partial_fit`
    model: str = ""  # parameter with the estimator, where the call is no method of it: `cross_val_score(model, X, y)`
    predicts: str = ""  # parameter with the rows
    gives: str = "prediction"  # what `predicts` makes, where nobody acts on it: an embedding, the number of a cluster
    gives_class: bool = False  # of `predicts`: of a classifier, it gives classes, not scores
    transforms: str = ""
    through: tuple[str, ...] = ()  # methods that a class of the repository writes and this one calls in turn
    splits: bool = False  # returns two parts of each positional argument
    folds: bool = False  # with `fits`: on one side of folds each, scored on the other; without: yields their indexes
    watches: str = ""  # of a fit: parameters with rows that it is scored on meanwhile
    decides: str = ""  # of a fit: parameters that make these scores decide when to stop, or `always`
    order: str = ""  # of a split: `random`, `ordered`, `grouped`; a parameter that must not be false comes after `:`
    rowset: str = ""  # which rows the result holds: `some` of them, all and `repeated` ones, what is left (`others`)
    statistic: str = ""  # computed over all rows: a `value`, or all `rows` in the light of each other
    deploys: str = ""  # it registers, promotes or serves a model: `always`, or where that parameter is given
    gates: str = ""  # it raises unless a metric is good enough, where that parameter is given
    guards: bool = False  # it puts something before the routes of its receiver: a hook, middleware, a router
    random: Random | None = None
    seeds: tuple[str, ...] = ()  # global generators that it seeds by its parameter `seed`; `self` is the receiver
    chooses: bool = False  # picks the best of what it is given: `np.argmax(scores)`
    loop: Loop | None = None
    routes: Route | None = None
    verbs: str = ""  # of a decorator: the methods that the function answers: a parameter with them, or `=POST`
    makes: str = ""  # of a decorator: what a class of the repository under it is, a type
    attribute: bool = False  # holds when the attribute is read, without a call
    mutates: str = ""  # parameter that must be true for the receiver to change (`inplace`), or `always`

    evaluates: str = ""  # measures data: metric, drift, check or plot

    frame: str = ""  # extension point: an operation on frames, see linker/python/frames/frames.py
    column: str = ""  # an expression over `self` and parameters, in the operators of lineage/expressions.py
    free: str = ""  # parameters in which a text names a column of the frame that the expression meets; `*` is all
    computes: str = ""  # extension point: a pure computation, see linker/python/library/computations.py
    decorates: str = ""  # extension point: what calling a function under this decorator means, see decorated.py
    composes: bool = False  # functions that use it put pipelines together: they are run before other uncalled ones
    config: bool = False  # what is read may be a configuration file of the repository

    example: str = ""  # a few lines of Python, or one expression; see `LibraryFile.prelude`
    expect: tuple[str, ...] = ()


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A type: what the interpreter holds for it (`frame`, `column`, `estimator`, `transformer`, `object`), and the
    type whose methods it has too. `classes` are patterns of dotted names of classes that are of this type."""

    holds: str = "object"
    like: str = ""
    nameless: bool = False  # of a frame: its columns have places, not names (arrays)
    besides: tuple[str, ...] = ()  # of a frame: attributes that are no columns, whatever its columns are called
    selects: str = ""  # of a transformer: the parameter that lists (name, step, columns)
    picks: bool = False  # of an estimator or transformer: it takes its columns by name; more of them do no harm
    runs: str = ""  # extension point: what making an object of a subclass starts, see linker/python/orchestration
    value: str = ""  # of an attribute of a class: the argument that the attribute is, in instances (`default`)
    learns: str = ""  # of a transformer: `data`, `label`, `codes`, `rows` (a resampler), `nothing`
    validates: bool = False  # of an estimator: its fit holds rows out and scores on them: searches
    joins: bool = False  # of a transformer: it is made of others (`FeatureUnion`)
    order: str = ""  # of a splitter, as of a call
    chooses: str = ""  # of a callback: it stops, or keeps the best, by what is watched: `always`, or if that is true
    stage: Stage | None = None  # it works on columns of one frame, by their names: Spark ML
    stores: Stores | None = None  # of a callback: it stores the model
    mapped: Mapped | None = None  # objects of a class of the repository are rows of a table
    answers: Service | None = None  # how its library answers requests with an object of a class of the repository
    prefix: str = ""  # of a router: the parameter with what stands before its routes
    mounted_at: bool = False  # where it is mounted under another prefix, that one stands in place of its own
    envelope: tuple[str, ...] = ()  # of a request: keys under which its body, or another part of it, lies as a whole
    whole: bool = False  # its items are taken to be itself: `axes[0]`, of those of one figure
    keeps: bool = False  # of a transformer: every column stays a column of its own (scalers, imputers)
    classifies: bool = False  # of an estimator: it is a classifier
    wraps: bool = False  # of an estimator: it is known by the last one it is made of (pipelines, searches)
    yields: str = ""  # of a frame: iterating goes over its rows, which are of this type
    columns: str = ""  # of a frame: the type of its columns, `pandas.Series` if empty
    row: bool = False  # of a frame: one row, whose columns can be told by their place
    usual: bool = False  # what is taken to be of this type where nothing tells which: `pickle.load(f)["price"]`
    classes: tuple[str, ...] = ()


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Code that shows several like entries. Where `NAME` stands in it, it is run for each of them, with the last part
    of the entry's key in its place."""

    code: str
    expect: tuple[str, ...]
    covers: tuple[str, ...]  # keys of `calls`
    files: dict[str, str] = {}  # what else lies in the repository, by path


class LibraryFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file. Keys of `calls` are dotted names below `library`; a method is `Type.method`; a name that starts with
    `=` is complete. `|` between names stands for several: `Series|DataFrame.head|tail` is four entries.

    Examples run after `prelude` and before `epilogue`. One that is a single expression is put where `value` says."""

    library: str
    imports: tuple[str, ...] = ()  # further top-level modules it speaks of
    needs: tuple[str, ...] = ()  # libraries whose types it speaks of
    defines: tuple[str, ...] = ()  # functions and classes that tell its use where a file of the repository defines one
    scripts: dict[str, Service] = {}  # function -> how a file that defines it, at its top level, answers requests
    hosts: bool = False  # a scheduler or server of this library starts the files that import it
    schedules: tuple[str, ...] = ()  # top-level modules: what imports them holds a pipeline that a scheduler runs
    aliases: dict[str, str] = {}  # dotted name -> dotted name
    types: dict[str, Kind] = {}
    calls: dict[str, Entry] = {}
    distributions: dict[str, tuple[str, ...]] = {}  # top-level module -> names under which package indexes know it
    credentials: tuple[str, ...] = ()  # patterns of names that ask for a credential and refuse who has none
    open: tuple[str, ...] = ()  # patterns of names that may stand before a route and refuse nobody
    frames: tuple[str, ...] = ()  # patterns of classes: transformers that give frames, and not arrays
    collects: tuple[str, ...] = ()  # methods and functions that keep or show a value: nothing is done about it
    logs: tuple[str, ...] = ()  # names that what keeps a log usually goes by
    alarms: tuple[str, ...] = ()  # methods and functions that say that something is wrong
    checkers: tuple[str, ...] = ()  # patterns of names: classes and functions that hold settings against a schema
    shows: tuple[str, ...] = ()  # methods and functions that show a value to whoever looks, and keep it nowhere
    trackers: tuple[str, ...] = ()  # modules and classes that record runs: whoever imports them may record
    acts: tuple[str, ...] = ()  # verbs of what is done to the world outside, `send+mail` if only with both words
    bounds: tuple[str, ...] = ()  # words of names that keep what is done within bounds
    heads: tuple[str, ...] = ()  # words of names that take the first few
    plumbing: tuple[str, ...] = ()  # modules and functions around the work on data: arguments, logs, clocks, services
    describes: tuple[str, ...] = ()  # methods that tell about data, and prepare nothing
    common: tuple[str, ...] = ()  # packages that every module of the field speaks: no glue
    plain: tuple[str, ...] = ()  # functions and classes that make plain values, frames or arrays of something
    into: tuple[str, ...] = ()  # what names of conversions into types of a package begin with
    out_of: tuple[str, ...] = ()  # and of conversions out of them
    networks: tuple[str, ...] = ()  # patterns of base classes: what stands in the class is a model's layers
    reviews: tuple[str, ...] = ()  # words that tell that somebody looks first, or that nothing is done in earnest
    variables: dict[str, str] = {}  # pattern of what its platform sets, variables and the like -> a text; `.`: the root
    random: tuple[Random, ...] = ()  # objects that draw by chance when they are fitted, or split
    prelude: str = ""
    value: str = ""
    epilogue: str = ""
    examples: tuple[Example, ...] = ()
    origin: str = ""  # where it was read from


_WORDS = (
    "alarms", "shows", "trackers", "acts", "bounds", "heads", "reviews", "plumbing", "describes", "networks", "common",
    "plain", "into", "out_of",
)  # fmt: skip


class Library:
    """All models that a repository needs: those of the libraries it imports, and its own."""

    def __init__(self, files: Iterable[LibraryFile]) -> None:
        self.calls: dict[str, Entry] = {}
        self.types: dict[str, Kind] = {}
        self.aliases: dict[str, str] = {}
        self.ducks: dict[str, tuple[str, Entry]] = {}
        self.chains: dict[str, tuple[str, Entry]] = {}
        self.patterns: list[tuple[re.Pattern[str], str, int]] = []  # with the letters that it spells out
        self.usual: dict[str, str] = {}  # `frame`, `column`, `array` -> the type where nothing tells which
        # entries for all names below a prefix, written `metrics.*`, or of a pattern: `*Model.from_pretrained`
        self.families: list[tuple[str, Entry]] = []
        self.named_alike: list[tuple[re.Pattern[str], Entry]] = []
        self.hosts: set[str] = set()  # top-level modules whose importers are started by a scheduler or server
        self.schedules: set[str] = set()  # top-level modules of schedulers, see `LibraryFile`
        self.modules: set[str] = set()  # top-level modules that are modelled
        self.random: list[tuple[re.Pattern[str], Random]] = []
        self.credentials: list[re.Pattern[str]] = []
        self.open: list[re.Pattern[str]] = []
        self.frames: list[re.Pattern[str]] = []
        self.checkers: list[re.Pattern[str]] = []
        self.collects: set[str] = set()
        self.logs: set[str] = set()
        self.alarms: set[str] = set()
        self.shows: set[str] = set()
        self.trackers: set[str] = set()
        self.variables: dict[str, str] = {}
        self.acts: set[str] = set()
        self.bounds: set[str] = set()
        self.heads: set[str] = set()
        self.plumbing: set[str] = set()
        self.describes: set[str] = set()
        self.common: set[str] = set()
        self.plain: set[str] = set()
        self.into: set[str] = set()
        self.out_of: set[str] = set()
        self.networks: set[str] = set()
        self.reviews: set[str] = set()
        self.distributions: dict[str, tuple[str, ...]] = {}
        self.generators: set[str] = set()  # global ones that something seeds
        self.scripts: dict[str, Service] = {}
        for file in files:
            self._add(file)
        self._canonical: dict[str, str] = {}
        self._entries: dict[str, Entry | None] = {}
        self._kinds: dict[str, str] = {}
        self._checks: dict[str, bool] = {}
        self._acts: dict[str, bool] = {}
        self._prefixes = tuple(sorted(self.aliases, key=len, reverse=True))

    def _add(self, file: LibraryFile) -> None:
        prefix = file.library + "."
        self.schedules.update(file.schedules)
        self.modules.update((file.library, *file.imports))
        if file.hosts:
            self.hosts.update(name.partition(".")[0] for name in (file.library, *file.imports))
        for name, kind in file.types.items():
            self.types[prefix + name] = kind
            for pattern in kind.classes:
                letters = len(re.sub(r"\[.*?\]|[*?]", "", pattern))
                self.patterns.append((re.compile(fnmatch.translate(pattern)), prefix + name, letters))
            if kind.usual:
                self.usual.setdefault("array" if kind.nameless else kind.holds, prefix + name)
        for name, entry in file.calls.items():
            full = name[1:] if name.startswith("=") else prefix + name
            if full.endswith(".*"):
                self.families.append((full[:-1], entry))
                continue
            if "*" in full:
                self.named_alike.append((re.compile(fnmatch.translate(full)), entry))
                continue
            self.calls[full] = entry
            self.generators.update(entry.seeds)
            if entry.duck:
                self.ducks.setdefault(name.rpartition(".")[2], (full, entry))
            if entry.chained:
                self.chains.setdefault(name.rpartition(".")[2], (full, entry))
        self.aliases.update(file.aliases)
        self.scripts.update({f"{file.library}.*" if key == "*" else key: s for key, s in file.scripts.items()})
        self.credentials += [re.compile(fnmatch.translate(pattern)) for pattern in file.credentials]
        self.checkers += [re.compile(fnmatch.translate(pattern)) for pattern in file.checkers]
        self.open += [re.compile(fnmatch.translate(pattern)) for pattern in file.open]
        self.frames += [re.compile(fnmatch.translate(pattern)) for pattern in file.frames]
        self.collects.update(file.collects)
        self.logs.update(file.logs)
        for words in _WORDS:
            getattr(self, words).update(getattr(file, words))
        self.distributions.update(file.distributions)
        self.variables.update(file.variables)
        for random in file.random:
            self.random += [(re.compile(fnmatch.translate(pattern)), random) for pattern in random.classes]

    def variable(self, name: str) -> str | None:
        """What a platform sets a variable to; `*` is what the pattern's `*` stands for, in lower case."""
        for pattern, text in self.variables.items():
            start, star, end = pattern.partition("*")
            if name == pattern or (star and name.startswith(start) and name.endswith(end)):
                return text.replace("*", name[len(start) : len(name) - len(end)].lower())
        return None

    def randomness(self, kind: str, class_name: str) -> Random | None:
        """How an object of a class draws by chance, if it does. A type is told as a class of that name."""
        name = self.canonical(class_name)
        owner = name.rpartition(".")[0].rpartition(".")[2]
        if owner[:1].isupper():  # `RandomForestClassifier as xgb`, where xgboost is missing: `xgb.XGBClassifier()`
            return None
        return next((random for pattern, random in self.random if pattern.match(name) or pattern.match(kind)), None)

    def guards(self, name: str) -> bool:
        """Whether a thing of a library asks for a credential."""
        name = self.canonical(name)
        return any(pattern.match(name) for pattern in self.credentials)

    def gives_frames(self, name: str) -> bool:
        """Whether a transformer gives a frame back, with names, where others give an array."""
        return any(pattern.match(name) for pattern in self.frames)

    def checks(self, name: str) -> bool:
        """Whether a thing of a library holds settings against a schema, or makes one."""
        known = self._checks.get(name)
        if known is None:
            full = self.canonical(name)
            known = self._checks[name] = any(pattern.match(full) for pattern in self.checkers)
        return known

    def tells_action(self, name: str) -> bool:
        """Whether a name is one of what is done to the world outside: `place_order`, `sendEmail`, `block`; not
        `order_by`."""
        known = self._acts.get(name)
        if known is None:
            words = {word.lower() for word in WORD.findall(name)}
            words |= {word.removesuffix("s") for word in words}  # the address of many: `/orders`
            is_meant = any(words.issuperset(action.split("+")) for action in self.acts)
            known = self._acts[name] = is_meant and "by" not in words
        return known

    def lets_through(self, name: str) -> bool:
        """Whether a thing of a library, before a route, refuses nobody."""
        name = self.canonical(name)
        return any(pattern.match(name) for pattern in self.open)

    def packages(self, kind: str, class_name: str) -> tuple[str, ...]:
        """Names of the packages, any of which brings the class of an object, or the library that its type is of."""
        for name in (self.canonical(class_name), kind):
            module = name.partition(".")[0]
            if module in self.modules:
                return self.distributions.get(module, (module.replace("_", "-"),))
        return ()

    def canonical(self, name: str) -> str:
        """The name under which models speak of a dotted name."""
        known = self._canonical.get(name)
        if known is None:
            prefixes = (alias for alias in self._prefixes if name == alias or name.startswith(alias + "."))
            alias = next(prefixes, "")
            known = self._canonical[name] = self.aliases[alias] + name[len(alias) :] if alias else name
        return known

    def call(self, name: str) -> Entry | None:
        if name not in self._entries:
            full = self.canonical(name)
            family = (entry for prefix, entry in self.families if full.startswith(prefix))
            alike = (entry for pattern, entry in self.named_alike if pattern.match(full))
            self._entries[name] = self.calls[full] if full in self.calls else next(chain(family, alike), None)
        return self._entries[name]

    def method(self, kind: str, name: str) -> tuple[str, Entry] | None:
        """The entry of a method, looked for along the types that a type is like."""
        seen = 0
        while kind and seen < 8:
            entry = self.calls.get(f"{kind}.{name}")
            if entry is not None:
                return f"{kind}.{name}", entry
            known = self.types.get(kind)
            kind = known.like if known else ""
            seen += 1
        return None

    def type_of_class(self, name: str) -> str:
        """The type of a dotted class name: declared under that name, or by a pattern. Empty if unknown."""
        name = self.canonical(name)
        if name in self.types:
            return name
        if name not in self._kinds:
            self._kinds[name] = next((kind for pattern, kind, _ in self.patterns if pattern.match(name)), "")
        return self._kinds[name]

    def spelled_out(self, name: str) -> int:
        """How many letters of a dotted name are written in models: all of a call, of a class those of its pattern."""
        full = self.canonical(name)
        if self.call(name) is not None or full in self.types:
            return len(full)
        return max((letters for pattern, _, letters in self.patterns if pattern.match(full)), default=0)

    def composes(self, name: str) -> bool:
        entry = self.call(name) if name else None
        return entry is not None and entry.composes

    def holds(self, kind: str) -> str:
        known = self.types.get(kind)
        return known.holds if known else ""

    def is_whole(self, kind: str) -> bool:
        known = self.types.get(kind)
        return known is not None and known.whole
