"""Assets: functions whose parameters are named after the assets that they are made from (Dagster).

    @asset
    def model_input(trips):  # trips is the asset of that name
        return trips.dropna()

Each is called once, with what the assets of its parameters returned."""

from __future__ import annotations

from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.linker.project import Flow
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import (
    Class,
    Column,
    Constant,
    External,
    Function,
    Unknown,
    origins_of,
    text_of,
)
from mllint.linker.python.classes import lineage_of
from mllint.linker.python.iteration import entries_of, items_of
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import passing
from mllint.linker.python.orchestration.job import Job
from mllint.source import Span


class Asset(msgspec.Struct, frozen=True, eq=False):
    names: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]  # parameter, asset
    after: tuple[str, ...]  # assets that are only said to come first
    function: Function
    span: Span


_NO_DATA = {"context", "config", "self"}


def register(m: Machine, decorator: Any, function: Function) -> None:
    """Note a function under `@asset` or `@multi_asset`."""
    given = decorator.slots.get("arguments", {}) if isinstance(decorator, Cell) else {}
    names = _outputs(m, given) or (text_of(given.get("name")) or function.facts.name,)
    renamed = (
        {
            parameter: text_of(_argument(value, "key")) or parameter
            for parameter, value in entries_of(given["ins"])[0].items()
        }
        if "ins" in given
        else {}
    )
    resources = set(passing.names_in(m, given.get("required_resource_keys"), 0))
    inputs = tuple(
        (parameter.name, renamed.get(parameter.name, parameter.name))
        for parameter in function.facts.parameters
        if parameter.kind in ("plain", "keyword", "positional")
        and parameter.name not in _NO_DATA | resources
        and not _is_resource(parameter)
    )
    after = tuple(name for item in _items(m, given.get("deps")) if (name := _asset_name(item)))
    if not m.in_test:
        found = Asset(names, inputs, after, function, m.span(function.facts.at, function.path))
        m.plans.setdefault("assets", {})[function.path, function.facts.at] = found


def _items(m: Machine, value: Any) -> list[Any]:
    return (items_of(m, value, 0).known or []) if value is not None else []


def _asset_name(value: Any) -> str:
    return value.facts.name if isinstance(value, Function) else text_of(value) or ""


def _argument(value: Any, name: str) -> Any:
    if not isinstance(value, Cell):
        return value
    given = value.slots.get("arguments", {})
    return given.get(name, given.get("0"))


def _outputs(m: Machine, given: dict[str, Any]) -> tuple[str, ...]:
    """`@multi_asset(outs={"a": AssetOut(), "b": AssetOut()})`"""
    if "outs" in given:
        return tuple(entries_of(given["outs"])[0])
    return tuple(text_of(_argument(item, "key")) or "" for item in _items(m, given.get("specs")))


def _is_resource(parameter: facts.Parameter) -> bool:
    """`duckdb: DuckDBResource`, `config: MyConfig`, `io: ResourceParam[X]`"""
    shown = parameter.annotation
    if isinstance(shown, facts.Subscript):
        shown = shown.value
    name = shown.id if isinstance(shown, facts.Name) else shown.name if isinstance(shown, facts.Attribute) else ""
    return "Resource" in name or name.endswith(("Config", "ExecutionContext"))


def jobs(m: Machine) -> list[Job]:
    """Producers first."""
    assets: list[Asset] = sorted(m.plans.get("assets", {}).values(), key=lambda asset: (asset.span, asset.names))
    makers = {name: asset for asset in assets for name in asset.names}
    ordered: dict[str, Asset] = {}

    def visit(asset: Asset, above: frozenset[str]) -> None:
        key = _key(asset)
        if key in ordered or key in above or len(above) > 200:
            return
        for _, name in asset.inputs:
            if name in makers:
                visit(makers[name], above | {key})
        ordered[key] = asset

    for asset in assets:
        visit(asset, frozenset())
    known = frozenset(makers)
    return [Job(key, asset.function.path, _runner(asset, known)) for key, asset in ordered.items()]


def _key(asset: Asset) -> str:
    return f"asset {asset.function.path}:{asset.span.line} {','.join(asset.names)}"


def _runner(asset: Asset, known: frozenset[str]) -> Any:
    return lambda m: run(m, asset, known)


def run(m: Machine, asset: Asset, known: frozenset[str]) -> None:
    at = asset.function.facts.at
    taken = {parameter: passing.take(m, f"memory:{name}", at) for parameter, name in asset.inputs if name in known}
    result = m.call(asset.function, Arguments((), {**_settings(m, asset.function, taken), **taken}), at)
    values = [result] if len(asset.names) == 1 else passing.parts(m, result, len(asset.names), at)
    read = tuple(f"memory:{name}" for name in (*(name for _, name in asset.inputs), *asset.after) if name in known)
    written = []
    for name, value in zip(asset.names, values, strict=True):
        value = _unwrapped(value)
        if name and (origins_of(value) or not isinstance(value, Constant | Unknown | Column)):
            passing.put(m, f"memory:{name}", value, at)
            written.append(f"memory:{name}")
    m.project.flows[Flow(read, tuple(written), m.job, asset.span)] = None


def _settings(m: Machine, function: Function, taken: dict[str, Any]) -> dict[str, Any]:
    """Objects for the parameters that are settings, as nobody changes them: `config: TripsConfig`."""
    made: dict[str, Any] = {}
    for parameter in function.facts.parameters:
        if parameter.annotation is None or parameter.name in taken:
            continue
        with m.activation(function.scope, m.module_scope_of(function.scope), function.path, None):
            cls = m.evaluate(parameter.annotation)
        bases = [base.name for base in lineage_of(cls) if isinstance(base, External)] if isinstance(cls, Class) else []
        kinds = [m.library.types.get(m.library.type_of_class(name)) for name in bases]
        if any(kind is not None and kind.runs == "validated" for kind in kinds):
            made[parameter.name] = m.call(cls, Arguments(), function.facts.at)
    return made


def _unwrapped(value: Any) -> Any:
    """`Output(frame, metadata=...)`, `MaterializeResult(value=frame)`"""
    if isinstance(value, Cell) and value.kind == "object" and value.slots.get("class", "").startswith("dagster."):
        return _argument(value, "value") or Constant(None)
    return value
