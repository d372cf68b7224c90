"""Which inputs of two computations are the same: by name, without case and `_`, as `tripM` and `trip_m` are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from mllint.lineage.expressions import Apply, Column, Expression, columns
from mllint.lineage.graph import Graph


def plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def known_names(graph: Graph, expressions: Iterable[Expression]) -> dict[str, str]:
    """The columns that the expressions read, and those beside them in the same datasets, by their plain names."""
    read = [column for expression in expressions for column in columns(expression)]
    datasets = tuple(sorted({f"column:{column.dataset}#" for column in read}))
    beside = [id.rpartition("#")[2] for id in sorted(graph.nodes) if datasets and id.startswith(datasets)]
    return {plain(name): name for name in [*beside, *(column.name for column in read)]}


def by_name(expression: Expression, names: Mapping[str, str]) -> Expression:
    """The expression over bare column names, spelled as `names` spells them."""
    match expression:
        case Column(name=name):
            return Column("", names.get(plain(name), name))
        case Apply(operator=operator, arguments=arguments):
            return Apply(operator, tuple(by_name(argument, names) for argument in arguments))
    return expression


def is_ambiguous(expression: Expression) -> bool:
    """Whether two inputs from different datasets bear one name, so that a name alone does not tell them apart."""
    datasets = defaultdict(set)
    for column in columns(expression):
        datasets[plain(column.name)].add(column.dataset)
    return any(len(found) > 1 for found in datasets.values())
