"""`mllint trace`: how one node comes from another."""

from __future__ import annotations

from pathlib import Path

import click

from mllint.cli.output import deliver, is_colourful, progress, terminal_columns


@click.command("trace", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("start", metavar="A")
@click.argument("end", metavar="B")
@click.argument("paths", nargs=-1, metavar="[PATH ...]", type=click.Path(path_type=Path))
@click.option("--all", "every", is_flag=True, help="Every trail that meets no node twice, not only the shortest.")
@click.option("--why-not", "ask_why", is_flag=True, help="If there is no trail, say where it may have been lost.")
@click.option("--format", type=click.Choice(("full", "json")), default="full", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Write the trails to this file.")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes that read files.  [default: all cores]"
)
@click.option("--no-cache", is_flag=True, help="Read every file anew.")
def command(
    start: str, end: str, paths: tuple[Path, ...], every: bool, ask_why: bool, format: str, output: Path | None,
    jobs: int | None, no_cache: bool,
) -> int:  # fmt: skip
    """Show how one node comes from another, step by step: the shortest trails from A to B, with the lines that make
    each step.

    A and B are ids, as in `file:data/train.csv`, `column:table:raw.trips#km`, `model:eta`, or names that only one node
    has: `train.csv`, `eta`. PATH is a repository, or files and folders of one; the current folder if none is given.

    Exit status: 0 there is a trail, 1 there is none, 2 no such node, or another error.
    """
    from mllint import session
    from mllint.lineage.names import find
    from mllint.lineage.tracing import trails
    from mllint.lineage.whynot import why_not
    from mllint.reports import trace, trace_json
    from mllint.reports.trace import Answer

    root = session.find_root(paths)
    with progress() as bar:
        lineage = session.graph(root, paths, jobs=jobs, use_cache=not no_cache, progress=bar)
    first, last = find(lineage.graph, start), find(lineage.graph, end)
    found = trails(lineage.graph, first, last, every)
    lost = why_not(lineage, first, last) if ask_why and not found.found else None
    answer = Answer(root, lineage.graph, first, last, found, lost, every)
    if format == "json":
        deliver(trace_json.render(answer), output, root)
    else:
        text = trace.render(answer, colour=is_colourful(output), columns=terminal_columns(output))
        deliver(text, output, root)
    return 0 if found.found else 1
