"""`mllint explain`: a rule's page."""

from __future__ import annotations

from pathlib import Path

import click

from mllint.cli.output import deliver


@click.command("explain", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("rule")
def command(rule: str) -> int:
    """Explain a rule: what it finds, why that hurts, an example, what to do. RULE is a code or a name."""
    from mllint import session
    from mllint.pages import explanation, find_rule, page_of

    found = find_rule(session.rules(), rule)
    stability = "stable" if found.stable else "in preview: runs with --preview or when selected"
    options = "".join(f"Option `{name}`, default `{default}`.\n" for name, default in found.options.items())
    facts = f"{found.code} {found.name} ({found.severity}, {stability})\n{found.summary}\n{options}"
    page = page_of(found)
    deliver(f"{facts}\n{explanation(page)}" if page else facts, None, Path.cwd())
    return 0
