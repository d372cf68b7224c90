"""ML506: a hyperparameter, seed or path is a literal in code, while the configuration keeps its like.

RandomForestClassifier(n_estimators=params["trees"], max_depth=8)     # 8 is the finding
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mllint.rule import Component, Context, Finding, Given, Key, Label, Lineage, Rule, Span, is_test, plain

_NO_SETTINGS = {  # how it runs, what it shows, and shapes that the data give
    "n_jobs", "verbose", "verbosity", "verbose_eval", "silent", "axis", "device", "num_workers", "nthread", "gpu_id",
    "thread_count", "copy", "gpus", "jobs", "dtype", "ndim", "input_dim", "input_shape", "n_features", "num_class",
    "n_classes", "num_classes", "out_features", "in_features", "in_channels", "out_channels", "missing", "dim",
    "fill_value", "pos_label", "warm_start", "copy_X", "cache_size", "log_every_n_steps", "pin_memory", "timeout",
    "persistent_workers", "allow_writing_files", "length", "decimals",
}  # fmt: skip
_OF_THE_SYSTEM = ("/tmp/", "/proc/", "/sys/", "/dev/", "/etc/")
_SEEDS = {"random_state", "seed", "random_seed"}
_FITS = ("estimator", "fit", "split")
_SECTIONS = {"", "model", "train", "training", "params", "parameters", "hyperparameters", "split", "data", "fit"}
_Found = tuple[Given, Span]  # a literal, and the place in the configuration that shows where it belongs


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each call that mixes literals with settings, or leaves settings of its own name aside; of seeds
    and of paths, one for each file."""
    family = _Family(lineage)
    seen: set[Span] = set()
    alike: dict[tuple[str, bool], tuple[Component, list[_Found]]] = {}
    for component in lineage.observations.components:
        if is_test(component.span.path) or component.span in seen:
            continue
        found = [(given, why) for given in component.given if (why := family.why(component, given)) is not None]
        if found:
            seen.add(component.span)
        is_data = component.kind == "data"
        if found and (is_data or all(given.parameter in _SEEDS for given, _ in found)):
            alike.setdefault((component.span.path, is_data), (component, []))[1].extend(found)
        elif found:
            yield _finding(component, found)
    for component, found in alike.values():
        yield _finding(component, found)


class _Family:
    """Where the configuration that a program loads keeps settings of a component, seeds and paths."""

    def __init__(self, lineage: Lineage) -> None:
        self._of_class: dict[tuple[str, str], list[Span]] = defaultdict(list)  # by job and component
        self._takers: dict[Span, set[str]] = defaultdict(set)  # by setting, the components that it is given to
        self._seeding: set[Span] = set()  # settings that a fit, a split or a global generator is given
        self._paths: dict[str, list[Span]] = defaultdict(list)
        self._keys: dict[str, list[Key]] = defaultdict(list)  # by job
        self._known = {node.id for node in lineage.graph.nodes.values() if _moves(lineage, node.id)}
        configs = {config.path for config in lineage.observations.configs if not config.is_tooling}
        for component in lineage.observations.components:
            for given in component.given:
                places = [place for place in given.settings if place.path in configs]
                if component.kind == "data":
                    self._paths[component.job] += places
                elif _is_hyperparameter(given):
                    self._of_class[component.job, component.what] += places
                for place in places:
                    self._takers[place].add(component.what)
                if component.kind in _FITS or "seed" in component.what.rpartition(".")[2]:
                    self._seeding.update(places)
        for config in lineage.observations.configs:
            for job in config.jobs if config.path in configs else ():
                self._keys[job] += [key for key in config.keys if key.is_scalar]

    def why(self, component: Component, given: Given) -> Span | None:
        """The place in the configuration that shows where this literal belongs."""
        if given.literal is None or given.settings or given.parameter in _NO_SETTINGS:
            return None
        if component.kind == "data":
            return self._path(component, given)
        keys = self._keys[component.job]
        if given.parameter in _SEEDS:
            return next((key.span for key in keys if key.keys[-1] in _SEEDS and self._is_seed_of_models(key)), None)
        if component.kind not in _FITS or isinstance(given.value, str):
            return None
        if _is_hyperparameter(given) and (own := self._of_class[component.job, component.what]):
            return own[0]
        named = (key for key in keys if key.keys[-1] == given.parameter)
        return next((key.span for key in named if self._is_free(key, component)), None)

    def _is_free(self, key: Key, component: Component) -> bool:
        """Whether a key of the parameter's name is not the setting of something else: such a component is given it, or
        nobody is seen to ask for it, and its section is that of any model, or of this one."""
        takers = {what for place in key.places for what in self._takers[place]}
        section = plain(key.keys[-2]) if len(key.keys) > 1 else ""
        name = plain(component.what.rpartition(".")[2])
        fits = section in _SECTIONS or section in name or (len(section) > 2 and name.startswith(section[:3]))
        return takers == {component.what} or (not takers and not key.readers and fits)

    def _is_seed_of_models(self, key: Key) -> bool:
        """Not that of what makes up data, nor one that other code asks for."""
        if any(place in self._seeding for place in key.places):
            return True
        section = plain(key.keys[-2]) if len(key.keys) > 1 else ""
        is_taken = key.readers or any(self._takers[place] for place in key.places)
        return not is_taken and section in _SECTIONS - {"data"}

    def _path(self, component: Component, given: Given) -> Span | None:
        name = str(given.value).removeprefix("./")
        is_told = f"file:{name}" in self._known and not name.startswith(_OF_THE_SYSTEM)
        return next(iter(self._paths[component.job]), None) if is_told else None


def _moves(lineage: Lineage, id: str) -> bool:
    """Whether data flow on from a file, or into it, which somebody reads or which holds a model."""
    graph = lineage.graph
    edges = (*graph.in_edges(id), *graph.out_edges(id))
    return id.startswith("file:") and any(
        edge.kind not in ("consumes", "declares") and not edge.measure for edge in edges
    )


def _is_hyperparameter(given: Given) -> bool:
    """A number: a word chooses among kinds, and whoever changes it changes code too."""
    return type(given.value) in (int, float) and given.parameter not in _SEEDS | _NO_SETTINGS


def _finding(component: Component, found: list[_Found]) -> Finding:
    (first, why), *others = found
    assert first.literal is not None
    what, is_path = component.what.rpartition(".")[2], component.kind == "data"
    shown = list(dict.fromkeys(f"`{g.value}`" if is_path else f"`{g.parameter}={g.value!r}`" for g, _ in found))
    told = ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
    if not is_path and all(given.parameter in _SEEDS for given, _ in found):
        told = shown[0] + (f" and {len(others)} more of this file" if others else "")
    subject = f"written in code: {told}" + ("" if is_path else f" of `{what}`")
    message = f"{subject}, while `{why.path}` keeps such {'paths' if is_path else 'settings'}"
    return Finding(
        message=message + ": who changes the configuration changes only a part",
        help=f"move it to `{why.path}`, beside the others",
        span=first.literal,
        label="a literal",
        related=[
            Label(why, "such a setting"),
            *(Label(given.literal, "another one") for given, _ in others[:4] if given.literal is not None),
        ],
        nodes=[component.model] if component.model else [],
        reaches=[component.model] if component.model else [],
    )


RULE = Rule(
    code="ML506",
    name="hard-coded-setting",
    summary="a hyperparameter or path is a literal in code, while the configuration keeps such settings",
    check=check,
    severity="info",
    stable=False,  # docs/precision.md tells how often it was right
)
