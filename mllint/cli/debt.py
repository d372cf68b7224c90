"""`mllint debt`: findings by risk, with effort and owner; and what could be deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mllint.cli.check import analyse, date_of
from mllint.cli.output import deliver, is_colourful, split_list, terminal_columns
from mllint.errors import UsageError


@click.command("debt", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("paths", nargs=-1, metavar="[PATH ...]", type=click.Path(path_type=Path))
@click.option(
    "--suggest",
    is_flag=True,
    help="List what could be deleted instead: features nobody uses, sources to unsubscribe from, deprecated things "
    "whose last user is gone, code that can never run.",
)
@click.option("--format", type=click.Choice(("full", "json")), default="full", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Write the table to this file.")
@click.option(
    "--select", multiple=True, callback=split_list, metavar="RULES", help="Only these rules, as in `mllint check`."
)
@click.option("--ignore", multiple=True, callback=split_list, metavar="RULES", help="All but these rules.")
@click.option("--preview", is_flag=True, help="Run the rules in preview, too.")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes that read files.  [default: all cores]"
)
@click.option("--no-cache", is_flag=True, help="Read every file anew.")
@click.option(
    "--today",
    callback=date_of,
    metavar="DATE",
    help="The date that deprecations are judged by, for reproducible runs.  [default: the date of today]",
)
def command(suggest: bool, format: str, output: Path | None, **given: Any) -> int:
    """List findings as debts, the riskiest first: risk, effort, owner; or what could be deleted.

    Risk is the severity times what is reached. PATH is a repository, or files and folders of one; the current folder if
    none is given.

    Exit status: 0, whatever the debts; 2 for an error.
    """
    from mllint.debt import SUGGESTS, debts, suggestions
    from mllint.reports import debt as report

    if suggest and (given["select"] or given["ignore"]):
        raise UsageError("--suggest stands on rules of its own choice: leave out --select and --ignore")
    if suggest:
        given["select"] = SUGGESTS
    root, result = analyse(**given, fail_on=None)
    if suggest:
        found = suggestions(result.lineage, result.findings)
        as_json, as_text = report.suggestions_json(found), report.suggested
        text = as_json if format == "json" else as_text(found, is_colourful(output), terminal_columns(output))
    else:
        owed = debts(result.lineage, result.findings)
        if format == "json":
            text = report.debts_json(owed)
        else:
            text = report.owed(owed, is_colourful(output), terminal_columns(output))
    deliver(text, output, root)
    for note in (*result.notes, *(f"{error.name}: {error.message}" for error in result.rule_errors)):
        click.echo(f"mllint: {note}", err=True)
    return 2 if result.rule_errors else 0
