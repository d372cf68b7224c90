"""BigQuery: tables of one day each, `events_20240101`, are one dataset, which queries name `events_*`."""

from __future__ import annotations

import re

from sqlglot import exp

from mllint.linker.jinja.values import CLOSE, OPEN

# of a day, also of the one that only the run knows; of all days, or of those that begin so: `events_2024*`
_SHARD = re.compile(
    r"_(?:(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:(?:19|20)\d{0,6})?\*|"
    rf"{OPEN}(?:run_time|\w*ds_nodash){CLOSE})$"
)


def family(name: str) -> str:
    """The name of all of them.

    >>> family("events_20240101"), family("events_202401*"), family("model_20249999")
    ('events_*', 'events_*', 'model_20249999')
    """
    return _SHARD.sub("_*", name)


def as_families(tree: exp.Expr) -> exp.Expr:
    """The tree with every table of a day under the name of all of them."""
    for table in tree.find_all(exp.Table):
        last = table.this
        if isinstance(last, exp.Identifier):
            last.set("this", family(last.name))
    return tree
