"""ML502: code reads a key that no configuration of that family defines, and that has no default.

params["train"]["epoch"]    # train.py: the finding; params.yaml says `epochs`
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from posixpath import dirname, splitext

from mllint.rule import Config, Context, Finding, Label, Lineage, MissingKey, Rule, is_test


def check(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """One finding for each place that asks in vain."""
    configs = {config.path: config for config in lineage.observations.configs}
    for missing in lineage.observations.missing_keys:
        files = [configs[path] for path in missing.files if path in configs]
        if len(files) < len(missing.files) or is_test(missing.span.path):
            continue
        if not any(_defines(config, missing) for config in _family(files, list(configs.values()))):
            yield _finding(missing, files)


def _family(files: list[Config], configs: list[Config]) -> list[Config]:
    """The files themselves, and those of their kind beside and below them, which may be meant instead."""
    near = {(dirname(file.path), splitext(file.path)[1]) for file in files}
    return [
        config
        for config in configs
        if any(f"{config.path}/".startswith(f"{folder}/" if folder else "") and config.path.endswith(ending)
               for folder, ending in near)
    ]  # fmt: skip


def _defines(config: Config, missing: MissingKey) -> bool:
    return any(key.keys[-len(missing.keys) :] == missing.keys for key in config.keys)


def _finding(missing: MissingKey, files: list[Config]) -> Finding:
    dotted, above = ".".join(missing.keys), missing.keys[:-1]
    beside = [key for config in files for key in config.keys if key.keys[:-1] == above]
    near = get_close_matches(missing.keys[-1], [key.keys[-1] for key in beside], 1)
    meant = next((key for key in beside if near and key.keys[-1] == near[0]), None)
    section = next((key for config in files for key in config.keys if key.keys == above), None)
    shown = ", ".join(f"`{file.path}`" for file in files[:3])
    place = meant or section
    return Finding(
        message=f"`{dotted}` is read here without a default, and {shown} does not define it: this line fails when it "
        "runs",
        help=f"did you mean `{meant.keys[-1]}`?" if meant else "define it, or give the reader a default",
        span=missing.span,
        label=f"asks for `{missing.keys[-1]}`",
        related=[Label(place.span, "the nearest key" if meant else "the section it would stand in")] if place else [],
    )


RULE = Rule(
    code="ML502",
    name="undefined-setting",
    summary="code reads a key that no configuration defines and that has no default",
    stable=False,  # two findings in unseen code, both true
    check=check,
)
