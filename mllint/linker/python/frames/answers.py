"""Fields of what a service outside the repository has answered, which may hold others: a column each, by its way.

hours = requests.get("https://weather.example.com/v1").json()["hourly"]      # `hourly`
hours["time"]                                                                # `hourly.time`
pd.DataFrame(hours)                                                          # any field, by its own name
"""

from __future__ import annotations

from typing import Any, TypeGuard

import msgspec

from mllint.lineage import expressions as ex
from mllint.lineage.ids import column_id
from mllint.linker.python.abstract.tables import Table, dataset_origins, of_dataset
from mllint.linker.python.abstract.values import Column, is_text, text_of
from mllint.source import Span

URLS = ("https://", "http://")
_DEEPEST = 6  # fields within fields: a loop may go down for ever


def is_field(value: Any) -> TypeGuard[Column]:
    """Whether a value is such a field, as it was answered."""
    if not (isinstance(value, Column) and not value.kind and isinstance(value.expression, ex.Column)):
        return False
    return value.expression.dataset.startswith(URLS)


def sources(origins: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """What a record is from, and what else had to do with it: of an answer, what the service was asked with."""
    urls = frozenset(origin for origin in origins if origin.startswith(URLS))
    return (urls, origins - urls) if len(urls) == 1 else (origins, frozenset())


def within(field: Column, key: Any, span: Span) -> Column | None:
    """The field of a field, or of each of those that it lists."""
    if not is_text(key) or not isinstance(field.expression, ex.Column):
        return None
    dataset, outer = field.expression.dataset, field.expression.name
    name = text_of(key) or ""
    if "{" in name or outer.count(".") >= _DEEPEST:
        return None
    way = f"{outer}.{name}"
    origins = field.origins - {column_id(dataset, outer)} | {column_id(dataset, way)}
    return Column(ex.Column(dataset, way), origins, name, span, field.function, kind="")


def as_table(field: Column) -> Table:
    """The records that it lists, of which the fields are not known."""
    assert isinstance(field.expression, ex.Column)
    dataset = field.expression.dataset
    made = of_dataset(dataset)
    return msgspec.structs.replace(made, origins=made.origins | dataset_origins(field.origins))
