"""ML503: an override repeats the value that it overrides.

rate: 0.1    # conf/config.yaml
rate: 0.1    # conf/experiment/long.yaml, laid on it: the finding
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname, splitext

from mllint.rule import Config, Context, Finding, Key, Label, Lineage, Override, Rule, is_test


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each value that is the same as the one just below it, wherever the two are merged."""
    by_place = {(key.span.path, key.span.line): (config, key) for config in lineage.observations.configs
                for key in config.keys}  # fmt: skip
    for override in lineage.observations.overrides:
        over = by_place.get((override.span.path, override.span.line))
        base = by_place.get((override.base.path, override.base.line))
        known = override.repeats and over and base and not is_test(override.span.path)
        if known and over and base and not _varies(lineage.observations.configs, *base):
            yield _finding(override, over[1], base[1])


def _varies(configs: list[Config], config: Config, key: Key) -> bool:
    """Whether a file that can be chosen instead of the base gives another value, so that the override decides."""
    folder, ending = dirname(config.path), splitext(config.path)[1]
    beside = [
        each for each in configs
        if dirname(each.path) == folder and each.path.endswith(ending) and each.path != config.path
    ]  # fmt: skip
    values = [next((k.value for k in each.keys if k.keys == key.keys), ...) for each in beside]
    return bool(folder) and any(value is not ... and value != key.value for value in values)


def _finding(override: Override, over: Key, base: Key) -> Finding:
    dotted = ".".join(over.keys)
    return Finding(
        message=f"`{dotted}` repeats the value `{over.value}` that it overrides in `{base.span.path}`: it changes "
        "nothing today, and hides a change of the base tomorrow",
        help="remove it, so that the file says only what is different",
        span=over.span,
        label="the same value again",
        related=[Label(base.span, "the value just below it")],
    )


RULE = Rule(
    code="ML503",
    name="redundant-setting",
    summary="an override repeats the value that it overrides",
    stable=False,  # no finding in unseen code
    check=check,
)
