"""`mllint rules`: the list of rules."""

from __future__ import annotations

from pathlib import Path

import click

from mllint.cli.output import deliver

_STABILITY = {True: "stable ", False: "preview"}


@click.command("rules", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def command() -> int:
    """List the rules: code, name, severity, stability, what they find."""
    from mllint import session

    found = session.rules()
    wide = max((len(rule.name) for rule in found), default=0)
    lines = (
        f"{rule.code}  {rule.name:<{wide}}  {rule.severity:<7}  {_STABILITY[rule.stable]}  {rule.summary}\n"
        for rule in found
    )
    deliver("".join(lines), None, Path.cwd())
    return 0
