"""dbt's semantic layer: which tables a metric is computed from.

semantic_models: [{name: orders, model: ref('orders'), measures: [{name: income, agg: sum}]}]
metrics: [{name: income, type: simple, type_params: {measure: income}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.facts.config import Value
from mllint.linker.sql.dbt_project import Dbt
from mllint.linker.sql.dbt_yaml import get, items, text

_DEEPEST = 12  # metrics of metrics


def semantic_models(dbt: Dbt) -> dict[str, tuple[str, ...]]:
    """The table of each semantic model."""
    from mllint.linker.sql.template import references

    listed = (each.value for each in dbt.properties if each.section == "semantic_models")
    return {text(value, "name"): tuple(references(text(value, "model"), dbt.names)) for value in listed}


def metrics(dbt: Dbt) -> dict[str, tuple[str, ...]]:
    """The tables behind each metric, through measures and other metrics."""
    from mllint.linker.sql.template import references

    tables = semantic_models(dbt)
    measures: dict[str, tuple[str, ...]] = {}
    for each in dbt.properties:
        if each.section == "semantic_models":
            for measure in items(each.value, "measures"):
                measures[text(measure, "name")] = tables[text(each.value, "name")]
    defined = dict(_defined(dbt))

    def behind(name: str, depth: int) -> dict[str, None]:
        if name in measures and (depth or name not in defined):
            return dict.fromkeys(measures[name])
        value = defined.get(name)
        if value is None or depth > _DEEPEST:
            return {}
        found = dict.fromkeys(references(text(value, "model"), dbt.names))  # as dbt had them before 1.6
        parts = [part for part in _parts(value) if part != name or part in measures]
        for part in parts:
            found |= dict.fromkeys(measures[part]) if part in measures else behind(part, depth + 1)
        return found

    return {name: tuple(behind(name, 0)) for name in defined}


def _defined(dbt: Dbt) -> Iterator[tuple[str, Value]]:
    for each in dbt.properties:
        if each.section == "metrics":
            yield text(each.value, "name"), each.value


_KEYS = {"measure", "measures", "numerator", "denominator", "base_measure", "conversion_measure", "metric", "metrics"}


def _parts(metric: Value) -> list[str]:
    """The measures and metrics that a metric names in its `type_params`."""
    found: list[str] = []
    todo = [params] if (params := get(metric, "type_params")) is not None else []
    while todo:
        value = todo.pop()
        for entry in value.entries:
            if entry.key in _KEYS:
                listed = entry.value.items or (entry.value,)
                found += [text(one) or text(one, "name") for one in listed]
            elif entry.value.kind == "mapping":
                todo.append(entry.value)
    return found
