"""Wall time and peak memory of whole runs beside `ast.parse` over the same files, as ratios taken on one machine.

    python benchmarks/whole_run.py REPOSITORY...

For each repository: lines of Python, one core's `ast.parse` of all of it (collector off), then the command line cold
(a cache of its own), with nothing changed, and with one file changed. The budgets stand in docs/architecture.md.
"""

from __future__ import annotations

import argparse
import ast
import gc
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from mllint.discovery import discover


def parse_seconds(root: Path) -> tuple[int, float]:
    """Lines of Python in the repository, and the seconds that `ast.parse` takes for them."""
    sources = [(root / found.path).read_bytes() for found in discover(root).found if found.kind == "python"]
    gc.disable()
    start = time.perf_counter()
    for source in sources:
        try:
            ast.parse(source)
        except (SyntaxError, ValueError):
            continue
    seconds = time.perf_counter() - start
    gc.enable()
    return sum(source.count(b"\n") for source in sources), seconds


def run(root: Path, cache: str) -> tuple[float, float]:
    """Seconds and peak MiB (of the largest process) of one run of the command line."""
    environment = {**os.environ, "MLLINT_CACHE_DIR": cache}
    start = time.perf_counter()
    command = [sys.executable, "-m", "mllint", "check", str(root), "--format", "concise"]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path, metavar="REPOSITORY")
    repositories = parser.parse_args().repositories
    print(f"{'repository':32} {'lines':>8} {'parse s':>8} {'cold':>8} {'warm':>8} {'one file':>8} {'MiB':>6}")
    for argument in repositories:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(shutil.copytree(argument, Path(folder) / "copy", symlinks=True))
            lines, parse = parse_seconds(root)
            cache = str(Path(folder) / "cache")
            cold, memory = run(root, cache)
            warm, _ = run(root, cache)
            changed = next(found.path for found in discover(root).found if found.kind in ("python", "notebook"))
            with (root / changed).open("a") as file:
                file.write("\n")
            one, memory = run(root, cache)
            times = " ".join(f"{seconds:6.2f} s" for seconds in (cold, warm, one))
            print(f"{Path(argument).name[:32]:32} {lines:8} {parse:6.2f} s {times} {memory:6.0f}")


if __name__ == "__main__":
    main()
