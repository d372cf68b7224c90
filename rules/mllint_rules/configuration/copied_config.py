"""ML504: configurations that differ in a few keys and share no base.

conf/train_nl.yaml    # 12 keys
conf/train_be.yaml    # the same 12 keys, one with another value
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from mllint.rule import (
    Config,
    Context,
    Finding,
    Key,
    Label,
    Lineage,
    Rule,
    Span,
    config_differences,
    config_leaves,
)
from mllint_rules.configuration.records import records_of_runs

_VERSION = re.compile(r"(?<![a-z])v(?:er(?:sion)?)?[-_.]?\d+(?:[-_.]\d+)*(?![a-z\d])", re.IGNORECASE)
_KEPT = re.compile(r"(?<![a-z])(?:legacy|archived?|deprecated|superseded|old)(?![a-z])", re.IGNORECASE)


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each cluster of copies, at the file that is last by path."""
    options = context.options
    records = records_of_runs(lineage.observations.configs)
    configs = [c for c in lineage.observations.configs if not c.is_tooling and c.path not in records]
    leaves = {config.path: config_leaves(config) for config in configs}
    loaded = {config.path for config in configs if config.jobs}
    clusters: dict[str, list[Config]] = {}
    for first, second in _pairs(configs, leaves, options["min-keys"]):
        related = {first.path, *first.bases} & {second.path, *second.bases}
        if related or not {first.path, second.path} & loaded or _are_versions(first.path, second.path):
            continue
        if any(_KEPT.search(path) and path not in loaded for path in (first.path, second.path)):
            continue
        if _are_copies(leaves[first.path], leaves[second.path], options):
            cluster = clusters.get(first.path) or clusters.get(second.path) or []
            cluster += [config for config in (first, second) if config not in cluster]
            clusters[first.path] = clusters[second.path] = cluster
    done: set[str] = set()
    for path in sorted(clusters):
        cluster = sorted(clusters[path], key=lambda config: config.path)
        if cluster[-1].path not in done:
            done.update(config.path for config in cluster)
            yield _finding(cluster, leaves)


def _are_versions(first: str, second: str) -> bool:
    """`features/v1.yaml` and `features/v2.yaml`: the one must stay as it was when the other came."""
    return first != second and _VERSION.sub("v", first) == _VERSION.sub("v", second)


def _pairs(
    configs: list[Config], leaves: dict[str, dict[tuple[str, ...], Key]], least: int
) -> Iterator[tuple[Config, Config]]:
    """Files that have enough keys in common, found by the keys that few files have."""
    holders: dict[tuple[str, ...], list[Config]] = defaultdict(list)
    for config in configs:
        for keys in leaves[config.path]:
            holders[keys].append(config)
    seen: set[tuple[str, str]] = set()
    for group in holders.values():
        for i, first in enumerate(group[:40]):
            for second in group[i + 1 : 40]:
                pair = (first.path, second.path)
                if pair not in seen:
                    seen.add(pair)
                    if len(leaves[first.path].keys() & leaves[second.path].keys()) >= least:
                        yield first, second


def _are_copies(first: dict[tuple[str, ...], Key], second: dict[tuple[str, ...], Key], options: Any) -> bool:
    common = _common(first, second)
    different = sum(_distance(first.get(keys), second.get(keys)) for keys in config_differences(first, second))
    return bool(different <= max(options["most-different"], options["share-different"] * common))


def _common(first: dict[tuple[str, ...], Key], second: dict[tuple[str, ...], Key]) -> int:
    return sum(min(_size(first[keys]), _size(second[keys])) for keys in first.keys() & second.keys())


def _size(key: Key) -> int:
    return max(1, len(_items(key)))


def _distance(first: Key | None, second: Key | None) -> int:
    """In how many values two settings differ: a list, of mappings too, is as many as it holds."""
    if first is None or second is None:
        return max(_size(key) for key in (first, second) if key is not None)
    ours, theirs = Counter(_items(first)), Counter(_items(second))
    return max(1, (ours - theirs).total(), (theirs - ours).total())


def _items(key: Key) -> list[str]:
    return key.content[1:-1].split(", ") if key.content else []


def _finding(cluster: list[Config], leaves: dict[str, dict[tuple[str, ...], Key]]) -> Finding:
    first, last = cluster[0], cluster[-1]
    different = config_differences(leaves[first.path], leaves[last.path])
    common = _common(leaves[first.path], leaves[last.path])
    others = f" and {len(cluster) - 2} more" if len(cluster) > 2 else ""
    what = f"differ in {', '.join('`' + '.'.join(keys) + '`' for keys in different[:4])}" if different else "are equal"
    places = [
        Label(key.span, f"`{'.'.join(keys)}` here")
        for keys in different[:4]
        for key in (leaves[last.path].get(keys), leaves[first.path].get(keys))
        if key is not None
    ]
    return Finding(
        message=f"`{last.path}` copies `{first.path}`{others}: they have {common} settings in common and {what}; who "
        "changes one must remember the other",
        help="keep what they share in one base file, and only the differences beside it",
        span=Span(last.path, 1),
        label="a copy",
        related=[*(Label(Span(config.path, 1), "its like") for config in cluster[:-1][:5]), *places],
    )


RULE = Rule(
    code="ML504",
    name="copied-config",
    summary="configurations that differ in a few keys and share no base",
    stable=False,  # docs/precision.md tells how often it was right
    check=check,
    options={"min-keys": 8, "most-different": 2, "share-different": 0.2},
)
