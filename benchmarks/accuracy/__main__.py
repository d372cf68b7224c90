"""How right the lineage of public repositories is, beside what people have read out of them by hand.

    python -m benchmarks.accuracy [--into FOLDER] [--misses] [NAME ...]

Clones each repository at the commit its truth file names (once, into FOLDER), runs `mllint graph` there, and prints a
table. What the columns mean, and the format of truth files, stands in benchmarks/accuracy/README.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.accuracy.matching import Graph
from benchmarks.accuracy.scoring import Score, score

TRUTHS = Path(__file__).parent / "truth"
ROW = "| {:<30} | {:>5} | {:>6} | {:>9} | {:>7} | {:>10} | {:>7} | {:>7} |"


def main() -> int:
    options = _parser().parse_args()
    print(ROW.format("repository", "nodes", "edges", "precision", "columns", "unexpected", "reads", "writes"))
    print(ROW.format("---", *["---:"] * 7))
    missing = 0
    for path in sorted(TRUTHS.glob("*.yaml")):
        if options.names and path.stem not in options.names:
            continue
        truth = yaml.safe_load(path.read_text("utf-8"))
        try:
            checkout = clone(truth, options.into / path.stem)
        except subprocess.CalledProcessError as error:
            shutil.rmtree(options.into / path.stem, ignore_errors=True)  # the next run starts anew
            print(f"{path.stem} is left out, {truth['url']} could not be cloned: git ended with {error.returncode}")
            missing += 1
            continue
        document = graph_of(checkout)
        _report(path.stem, score(truth, Graph(document)), document["coverage"], options.misses)
    return 1 if missing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.accuracy", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="truth files without their ending; all if none is given"
    )
    cache = Path(tempfile.gettempdir()) / "mllint-accuracy"
    parser.add_argument("--into", type=Path, default=cache, help=f"where clones are kept (default: {cache})")
    parser.add_argument("--misses", action="store_true", help="list what is missed, wrong and unexpected")
    return parser


def clone(truth: dict[str, Any], folder: Path) -> Path:
    """The repository at the commit of the truth file, cloned if it is not there yet. Raises CalledProcessError."""
    if not (folder / ".git").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        _git(folder, "init", "--quiet")
        _git(folder, "fetch", "--quiet", "--depth", "1", truth["url"], truth["commit"])
        _git(folder, "-c", "advice.detachedHead=false", "checkout", "--quiet", truth["commit"])
    head = _git(folder, "rev-parse", "HEAD")
    if head != truth["commit"]:
        raise SystemExit(f"{folder} is at {head}, not at {truth['commit']}: remove it, and it is cloned again")
    return folder / str(truth.get("root", ""))


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *words], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def graph_of(root: Path) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "mllint",
        "graph",
        str(root),
        "--format",
        "json",
        "--level",
        "column",
        "--no-cache",
    ]
    done = subprocess.run(command, check=True, capture_output=True)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _report(name: str, found: Score, coverage: dict[str, Any], misses: bool) -> None:
    shares = [f"{coverage[kind]['resolved']}/{coverage[kind]['all']}" for kind in ("reads", "writes")]
    ratios = map(str, (found.nodes, found.edges, found.joined, found.columns))
    print(ROW.format(name, *ratios, len(found.unexpected), *shares))
    if misses:
        for title in ("nodes", "edges", "joined", "columns"):
            for what in getattr(found, title).misses:
                print(f"    {'wrong' if title == 'joined' else f'missed {title}'}: {what}")
        for what in found.unexpected:
            print(f"    unexpected: {what}")


if __name__ == "__main__":
    sys.exit(main())
