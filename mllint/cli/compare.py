"""`mllint compare`: two models or two configuration files side by side."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mllint.cli.output import deliver, is_colourful, progress, terminal_columns


@click.command("compare", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.argument("paths", nargs=-1, metavar="[PATH ...]", type=click.Path(path_type=Path))
@click.option("--format", type=click.Choice(("full", "json")), default="full", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Write the comparison to this file.")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes that read files.  [default: all cores]"
)
@click.option("--no-cache", is_flag=True, help="Read every file anew.")
def command(
    first: str, second: str, paths: tuple[Path, ...], format: str, output: Path | None, jobs: int | None, no_cache: bool
) -> int:
    """Show two models, or two configuration files, side by side: sources, features, settings, thresholds.

    A and B are both models, by an id or a name that only one has (`model:eta`, `eta`), or both configuration files, by
    their paths. PATH is a repository, or files and folders of one; the current folder if none is given.

    Exit status: 0 compared, whether or not they differ, 2 no such model or file, or another error.
    """
    from mllint import session
    from mllint.lineage.comparison import compare
    from mllint.reports import compare as report

    root = session.find_root(paths)
    with progress() as bar:
        lineage = session.graph(root, paths, jobs=jobs, use_cache=not no_cache, progress=bar)
    comparison = compare(lineage, _from_root(root, first), _from_root(root, second))
    if format == "json":
        deliver(report.render_json(comparison), output, root)
    else:
        text = report.render(comparison, colour=is_colourful(output), columns=terminal_columns(output))
        deliver(text, output, root)
    return 0


def _from_root(root: Path, word: str) -> str:
    """A file's path from the root, where it is written from the current folder."""
    if (root / word).is_file() or not os.path.isfile(word):
        return word
    return Path(os.path.relpath(os.path.realpath(word), root)).as_posix()
