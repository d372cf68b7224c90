"""`mllint graph`: the lineage graph."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from mllint.cli.output import deliver, progress
from mllint.errors import UsageError

FORMATS = ("json", "dot", "svg", "mermaid")


@click.command("graph", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("paths", nargs=-1, metavar="[PATH ...]", type=click.Path(path_type=Path))
@click.option("--format", type=click.Choice(FORMATS), default="json", show_default=True, help="How to write the graph.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the graph to this file.")
@click.option("--focus", metavar="ID", help="Only what this node comes from and what it reaches.")
@click.option("--upstream", is_flag=True, help="With --focus: what it comes from.")
@click.option("--downstream", is_flag=True, help="With --focus: what it reaches.")
@click.option(
    "--level",
    type=click.Choice(("dataset", "column")),
    help="Whether columns are nodes.  [default: column in JSON, dataset in pictures]",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes that read files.  [default: all cores]"
)
@click.option("--no-cache", is_flag=True, help="Read every file anew.")
def command(
    paths: tuple[Path, ...], format: str, output: Path | None, focus: str | None, upstream: bool, downstream: bool,
    level: str | None, jobs: int | None, no_cache: bool,
) -> int:  # fmt: skip
    """Write the lineage graph: sources, datasets, columns, features, models, endpoints, consumers.

    PATH is a repository, or files and folders of one; the current folder if none is given. Ids are as in
    `file:data/train.csv`, `table:raw.trips`, `column:table:raw.trips#km`, `model:eta`.
    """
    from mllint import session
    from mllint.drawings.view import view

    if focus is None and (upstream or downstream):
        raise UsageError("--upstream and --downstream say what is shown around a node: name it with --focus ID")
    root = session.find_root(paths)
    with progress() as bar:
        lineage = session.graph(root, paths, jobs=jobs, use_cache=not no_cache, progress=bar)
    with_columns = level == "column" or (level is None and (format == "json" or (focus or "").startswith("column:")))
    shown = view(
        lineage.graph,
        lineage.coverage,
        level="column" if with_columns else "dataset",
        focus=focus,
        upstream=upstream,
        downstream=downstream,
    )
    drawing = importlib.import_module(f"mllint.drawings.{format}")
    deliver(drawing.render(shown), output, root)
    return 0
