"""`mllint check`: findings."""

from __future__ import annotations

import datetime
import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mllint.cli.output import deliver, is_colourful, progress, split_list, terminal_columns

if TYPE_CHECKING:
    from mllint.reports.report import Report
    from mllint.session import CheckResult

FORMATS = ("full", "concise", "json", "github")
SEVERITIES = ("info", "warning", "error")


def date_of(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str:
    if value is None:
        return datetime.date.today().isoformat()
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return datetime.date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise click.BadParameter(f"{value!r} is no date; write it as 2024-06-01")


@click.command("check", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("paths", nargs=-1, metavar="[PATH ...]", type=click.Path(path_type=Path))
@click.option("--format", type=click.Choice(FORMATS), default="full", show_default=True, help="How to write findings.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the report to this file.")
@click.option(
    "--select",
    multiple=True,
    callback=split_list,
    metavar="RULES",
    help="Only these rules: codes, names or code prefixes (ML7), with commas between.",
)
@click.option("--ignore", multiple=True, callback=split_list, metavar="RULES", help="All but these rules.")
@click.option("--preview", is_flag=True, help="Run the rules in preview, too.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="The least severity that makes the exit status 1.  [default: warning]",
)
@click.option("--strict", is_flag=True, help="Let likely findings fail the run, not only proven ones.")
@click.option(
    "--statistics",
    is_flag=True,
    help="Count findings by rule, and reasons why reads and writes are unresolved.",
)
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
def command(output: Path | None, format: str, strict: bool, statistics: bool, **given: Any) -> int:
    """Report debts in the data: what is wrong, the lines that prove it, what to do.

    PATH is a repository, or files and folders of one; the current folder if none is given.
    """
    from mllint.reports.report import Report

    root, result = analyse(**given)
    report = Report(
        root, result.findings, result.problems, result.lineage.coverage, result.rule_errors, statistics
    )  # fmt: skip
    deliver(render(report, format, output), output, root)
    for note in result.notes:
        click.echo(f"mllint: {note}", err=True)
    if result.rule_errors:
        return 2
    return int(fails(result, strict))


def analyse(
    paths: tuple[Path, ...], select: tuple[str, ...], ignore: tuple[str, ...], preview: bool, fail_on: str | None,
    jobs: int | None, no_cache: bool, today: str,
) -> tuple[Path, CheckResult]:  # fmt: skip
    """The root of the repository, and what checking it yields. Raises UsageError as the session does."""
    from mllint import session

    root = session.find_root(paths)
    with progress() as bar:
        result = session.check(
            root,
            paths,
            settings_overrides={"select": select or None, "ignore": ignore or None, "fail_on": fail_on},
            jobs=jobs,
            use_cache=not no_cache,
            preview=preview,
            today=today,
            progress=bar,
        )
    return root, result


def render(report: Report, format: str, output: Path | None) -> str:
    if format == "full":
        from mllint.reports import full

        return full.render(report, colour=is_colourful(output), columns=terminal_columns(output))
    module = importlib.import_module(f"mllint.reports.{format}")
    text: str = module.render(report)
    return text


def fails(result: CheckResult, strict: bool) -> bool:
    """Whether a finding is severe and sure enough for exit status 1."""
    least = SEVERITIES.index(result.fail_on)
    return any(
        SEVERITIES.index(finding.severity or "warning") >= least and (strict or finding.confidence == "proven")
        for finding in result.findings
    )
