"""ML401: code kept for an experiment that no config, entry point, stage, test or caller can reach.

if config["use_embeddings"]:   # false in every config of the repository
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from posixpath import dirname

from mllint.rule import (
    Branch,
    Context,
    Definition,
    Edge,
    Finding,
    Label,
    Lineage,
    Rule,
    Script,
    Span,
    is_report,
    is_seen,
    is_test,
)

_MODEL_BASES = (
    "torch.nn.", "pytorch_lightning.", "lightning.", "keras.", "tensorflow.keras.", "tf.keras.", "sklearn.base.",
    "flax.linen.", "haiku.", "gluon.", "transformers.", "xgboost.", "lightgbm.", "catboost.",
)  # fmt: skip
_MAKES = ("writes", "saves", "predicts")
_FEW_LINES = 8
_SHOWS = ("example", "demo", "tutorial")
_BY_HAND = {  # folders of what people start when they need it
    "eda", "tool", "tools", "dev", "debug", "analysis", "analyses", "exploration", "explore", "adhoc", "ad_hoc",
    "one_off", "oneoff", "migrations", "maintenance", "admin", "sandbox", "scratch", "playground", "misc",
}  # fmt: skip
_FITS = {"fit", "train", "partial_fit", "fit_transform"}
_PREDICTS = {"predict", "predict_proba", "transform", "score", "forward"}


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    packages = {dirname(script.path) for script in lineage.observations.scripts if script.path.endswith("/__init__.py")}
    for branch in _branches(lineage.observations.branches):
        if not (_is_shipped_default(branch, packages) or _is_left_out(branch) or _is_guard(branch)):
            yield _of_branch(branch)
    if lineage.observations.runners:  # without a runner, people start things, and nobody can say what is dead
        scripts = list(_dead_scripts(lineage))
        dead = {script.path for script in scripts}
        for script in scripts:
            yield _of_script(lineage, script)
        for definition in _dead_models(lineage.observations.definitions, dead):
            yield _of_class(definition)


def _branches(branches: list[Branch]) -> Iterator[Branch]:
    """One per cause. Where `if kind == "a"` always holds, the `elif` below it guards the dead code: it stands for
    both. A test inside code that is dead already adds nothing."""
    dead = [branch for branch in sorted(branches, key=lambda b: b.span) if branch.dead and branch.settings]
    covered: set[Span] = set()
    for branch in dead:
        if branch.span in covered or branch.only_reports or is_test(branch.span.path) or _is_tried_out(branch):
            continue
        inside = [other for other in dead if other is not branch and any(_holds(d, other.span) for d in branch.dead)]
        covered |= {other.span for other in inside}
        starts = {span.line for span in branch.dead}
        guards = [o for o in inside if o.span.line in starts and o.settings == branch.settings and not o.outcome]
        yield guards[0] if branch.outcome and guards else branch


def _is_tried_out(branch: Branch) -> bool:
    """Whether a notebook itself gives the value: people write another one into the cell, and run it again."""
    return branch.span.path.endswith(".ipynb") and all(s.span.path == branch.span.path for s in branch.settings)


def _is_shipped_default(branch: Branch, packages: set[str]) -> bool:
    """Whether the one config lies inside a Python package: a default that is installed along, for users to replace."""
    files = {setting.span.path for setting in branch.settings}
    return len(files) == 1 and not files.pop().endswith(".py") and dirname(branch.settings[0].span.path) in packages


def _is_left_out(branch: Branch) -> bool:
    """Whether nobody gives a value: `orientation: null`, `prefix: ""`. That is an option, and no experiment."""
    return all(setting.value is None or setting.value == "" for setting in branch.settings)


def _is_guard(branch: Branch) -> bool:
    """Whether it only asks if there is a value at all: `if prefix:`. That chooses among no experiments."""
    is_bare = branch.text.removeprefix("not ") == branch.subject
    return is_bare and all(isinstance(setting.value, str) for setting in branch.settings)


def _holds(outer: Span, inner: Span) -> bool:
    if (outer.path, outer.cell) != (inner.path, inner.cell):
        return False
    return outer.line <= inner.line <= max(outer.end_line, outer.line)


def _of_branch(branch: Branch) -> Finding:
    values = sorted({_shown(setting.value) for setting in branch.settings})
    subject = f"`{branch.subject}`" if branch.subject != branch.text else "the setting"
    always = f"is {values[0]} wherever it is set" if len(values) == 1 else f"is only ever {', '.join(values)}"
    lines = "1 line" if branch.lines == 1 else f"{branch.lines} lines"
    return Finding(
        message=f"{subject} {always}, so `{branch.text}` is always {str(branch.outcome).lower()} and {lines} "
        "of code can never run",
        help="delete the code and its setting, which git remembers, or add the config or test that runs it",
        span=branch.span,
        label=f"always {str(branch.outcome).lower()}",
        deletes=list(branch.dead),
        related=[
            *(Label(span, "never runs") for span in branch.dead),
            *(Label(s.span, f"set to {_shown(s.value)} here") for s in branch.settings if s.span != branch.span),
        ],
    )


def _shown(value: object) -> str:
    return f"`{value!r}`" if isinstance(value, str) else f"`{value}`"


def _dead_scripts(lineage: Lineage) -> Iterator[Script]:
    """Scripts that work on data on a model's way, and that neither a runner nor an import names.

    One repository may hold many projects. That others are run says something only of their neighbours: scripts of the
    same folder, or that share data with what is run. A notebook is for people, and a service runs where it is deployed.
    """
    graph, scripts = lineage.graph, lineage.observations.scripts
    data: dict[str, set[str]] = defaultdict(set)
    for edge in filter(is_seen, graph.edges()):
        for path in {edge.job, edge.span.path if edge.span else ""}:
            data[path] |= {edge.source, edge.target}
    fitted = [node.id for node in graph.of_kind("model", "artifact")]
    on_a_way = {*fitted, *graph.upstream(fitted), *graph.downstream(fitted)}
    alive = [script.path for script in scripts if script.runners and not is_test(script.path)]
    awake = _imported(scripts, alive)
    folders = {dirname(path) for path in alive}
    shared = {id for path in alive for id in data[path]}
    for script in scripts:
        path, own = script.path, data[script.path]
        used = script.takes_arguments or script.runners or script.importers or script.is_mentioned or is_test(path)
        serves = any(id.startswith("endpoint:") for id in own)
        if (
            not script.is_entry
            or used
            or serves
            or _is_needed(lineage, path, awake)
            or _is_for_people(script)
            or _only_tells(lineage, path)
            or own.isdisjoint(on_a_way)
        ):
            continue
        if dirname(path) in folders or not own.isdisjoint(shared):
            yield script


def _imported(scripts: list[Script], alive: list[str]) -> set[str]:
    """What runs: the scripts that are started, and what they import, and what that imports."""
    imports = defaultdict(list)
    for script in scripts:
        for importer in script.importers:
            imports[importer].append(script.path)
    found = set(alive)
    todo = list(alive)
    while todo:
        below = [path for path in imports[todo.pop()] if path not in found]
        found.update(below)
        todo.extend(below)
    return found


def _only_tells(lineage: Lineage, path: str) -> bool:
    """Whether a script prints, copies files or writes a report, and computes no data or model: people run it to see or
    to set up something."""
    made = [edge for edge in lineage.graph.edges() if path in _files(edge) and is_seen(edge)]
    made = [edge for edge in made if not (edge.measure or is_report(edge.target))]
    return not any(edge.kind in ("trains", "predicts", "derives") for edge in made)


def _is_needed(lineage: Lineage, path: str, alive: set[str]) -> bool:
    """Whether code that runs reads what this script makes, and nothing that runs makes it: people start it by hand."""
    graph = lineage.graph
    made = {edge.target for edge in graph.edges() if edge.kind in _MAKES and path in _files(edge)}
    for id in made:
        makers = {file for edge in graph.in_edges(id) if edge.kind in _MAKES for file in _files(edge)}
        readers = {file for edge in graph.out_edges(id) if is_seen(edge) for file in _files(edge)}
        if makers.isdisjoint(alive) and not readers.isdisjoint(alive):
            return True
    return False


def _files(edge: Edge) -> set[str]:
    return {edge.job, edge.span.path if edge.span else edge.job}


def _is_for_people(script: Script) -> bool:
    """A notebook, a page, an example or a demonstration: people run it, to see something. A few lines that only call
    another module's `main` are a way in for people too."""
    *folders, name = script.path.lower().split("/")
    if script.is_page or script.lines < _FEW_LINES:
        return True
    words = re.split(r"[_.-]", "/".join([*folders, name]).replace("/", "_"))
    return name.endswith(".ipynb") or any(word.startswith(_SHOWS) for word in words) or not _BY_HAND.isdisjoint(folders)


def _of_script(lineage: Lineage, script: Script) -> Finding:
    runners = sorted(lineage.observations.runners)
    return Finding(
        message=f"`{script.path}` ({script.lines} lines) is started by none of the repository's {len(runners)} "
        "commands, stages and services, and nothing imports it",
        help="delete it, which git remembers, or add the stage, target or job that runs it",
        span=Span(script.path, 1, 1, 1, 1),
        label="nothing runs this script",
        deletes=[Span(script.path, 1, 1, max(script.lines, 1), 1)],
        related=[Label(span, "this is started instead") for span in runners[:3]],
    )


def _dead_models(definitions: list[Definition], dead_scripts: set[str]) -> Iterator[Definition]:
    methods: dict[str, set[str]] = {}
    for definition in definitions:
        if definition.kind == "method":
            owner, _, method = definition.qualified.rpartition(".")
            methods.setdefault(owner, set()).add(method)
    by_name = {definition.qualified: definition for definition in definitions if definition.kind == "class"}
    for definition in by_name.values():
        unused = not (definition.references or definition.decorated or definition.dynamic)
        elsewhere = definition.span.path in dead_scripts or is_test(definition.span.path)
        if unused and not elsewhere and _is_model(definition, by_name, methods):
            yield definition


def _is_model(definition: Definition, by_name: dict[str, Definition], methods: dict[str, set[str]]) -> bool:
    """By a library's base class, its own or inherited, or by what it can do: fit and predict."""
    todo, seen = [definition.qualified], set[str]()
    while todo:
        name = todo.pop()
        if name.startswith(_MODEL_BASES):
            return True
        if name not in seen and name in by_name:
            todo.extend(by_name[name].bases)
        seen.add(name)
    has = methods.get(definition.qualified, set())
    return bool(has & _FITS and has & _PREDICTS)


def _of_class(definition: Definition) -> Finding:
    bases = f" ({', '.join(definition.bases)})" if definition.bases else ""
    return Finding(
        message=f"model class `{definition.name}`{bases} is built by nothing: no code, config or test of the "
        f"repository refers to its {definition.lines} lines",
        help="delete it, which git remembers, or add the config or test that builds it",
        span=definition.span,
        label="nothing refers to this class",
        deletes=[definition.span],
    )


RULE = Rule(
    code="ML401",
    name="dead-experiment-path",
    summary="code kept for an experiment that no config, entry point, stage, test or caller can reach",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
)
