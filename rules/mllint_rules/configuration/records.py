"""Files that runs leave behind, and that code reads as it reads settings: `metrics_20251102.json`, `run_17.json`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from mllint.rule import Config

LEAST = 3  # files of one name, but for its numbers
_NUMBER = re.compile(r"\d+")


def records_of_runs(configs: Iterable[Config]) -> set[str]:
    """The paths of JSON files of which a folder holds several that differ in the numbers of their names alone: nobody
    sets anything in them."""
    named = {config.path: _NUMBER.sub("#", config.path) for config in configs if config.path.endswith(".json")}
    counted = Counter(named.values())
    return {path for path, name in named.items() if counted[name] >= LEAST}
