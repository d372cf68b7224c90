"""ML501: a key of a configuration file that no code, template or stage reads.

train: {rate: 0.1, warmup: 500}      # params.yaml: `warmup` is the finding
fit(rate=params["train"]["rate"])    # train.py
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.rule import Config, Context, Finding, Key, Label, Lineage, Rule, Span
from mllint_rules.configuration.records import records_of_runs

_DOCS = {"docs", "doc", "documentation"}


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each topmost key of which no part is read, in files of which other keys are."""
    records = records_of_runs(lineage.observations.configs)
    for config in lineage.observations.configs:
        if not config.jobs or config.is_tooling or not any(key.state == "read" for key in config.keys):
            continue
        if config.path in records:
            continue
        if not _DOCS.isdisjoint(config.path.split("/")[:-1]):
            continue  # a document, that some check goes through
        unread = list(_topmost(config))
        if len(unread) > context.options["most-per-file"]:
            yield _of_file(config, unread)  # a document rather than settings: one remark, not hundreds
            continue
        for key in unread:
            below = sum(other.is_scalar for other in config.keys if other.keys[: len(key.keys)] == key.keys)
            yield _finding(config, key, below)


def _topmost(config: Config) -> Iterator[Key]:
    above: tuple[str, ...] | None = None
    for key in config.keys:
        if above is not None and key.keys[: len(above)] == above:
            continue
        above = key.keys if key.state == "unread" else None
        if above is not None:
            yield key


def _of_file(config: Config, unread: list[Key]) -> Finding:
    shown = ", ".join(f"`{'.'.join(key.keys)}`" for key in unread[:3])
    return Finding(
        message=f"{len(unread)} settings of this file are never read, {shown} among them, while `{config.jobs[0]}` "
        "reads others: nobody can tell from it what counts",
        help="keep what is read, and move the rest to where notes belong",
        span=unread[0].span,
        label="the first of them",
    )


def _finding(config: Config, key: Key, below: int) -> Finding:
    dotted = ".".join(key.keys)
    what = f"none of the {below} settings in `{dotted}` is read" if below > 1 else f"`{dotted}` is never read"
    reader = config.jobs[0]
    return Finding(
        message=f"{what}, while `{reader}` reads other keys of this file: whoever changes it changes nothing",
        help="remove it, or read it where its value is meant to count",
        span=key.span,
        label="set here alone",
        related=[Label(Span(reader, 1), "loads this file")] if reader.endswith((".py", ".ipynb")) else [],
    )


RULE = Rule(
    code="ML501",
    name="unused-setting",
    summary="a key of a configuration file that nothing reads",
    check=check,
    options={"most-per-file": 20},
)
