"""`mllint impact`: what a node or file reaches."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mllint.cli.output import deliver, is_colourful, progress, terminal_columns


@click.command("impact", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("what", metavar="WHAT")
@click.argument("paths", nargs=-1, metavar="[PATH ...]", type=click.Path(path_type=Path))
@click.option("--format", type=click.Choice(("full", "json")), default="full", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Write the report to this file.")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes that read files.  [default: all cores]"
)
@click.option("--no-cache", is_flag=True, help="Read every file anew.")
def command(
    what: str, paths: tuple[Path, ...], format: str, output: Path | None, jobs: int | None, no_cache: bool
) -> int:
    """List what a node or file reaches: features, models, endpoints, consumers, and who owns them.

    WHAT is an id, as in `table:raw.trips`, a name that only one node has, or a file whose code makes something. PATH is
    a repository, or files and folders of one; the current folder if none is given.
    """
    from mllint import session
    from mllint.lineage.impact import made_in, of_edges, of_node
    from mllint.lineage.names import find
    from mllint.reports import impact as report
    from mllint.reports.impact import Impact

    root = session.find_root(paths)
    with progress() as bar:
        lineage = session.graph(root, paths, jobs=jobs, use_cache=not no_cache, progress=bar)
    edges = [] if what in lineage.graph.nodes else made_in(lineage.graph, _inside(root, what))
    if edges:
        found = Impact(what, of_edges(lineage, edges))
    else:
        name = find(lineage.graph, what)
        found = Impact(name, of_node(lineage, name))
    if format == "json":
        deliver(report.render_json(found), output, root)
    else:
        deliver(report.render(found, colour=is_colourful(output), columns=terminal_columns(output)), output, root)
    return 0


def _inside(root: Path, word: str) -> str:
    """A file's path from the root, written from there or from the current folder."""
    if (root / word).is_file():
        return Path(os.path.normpath(word)).as_posix()
    return Path(os.path.relpath(os.path.realpath(word), root)).as_posix()
