"""Who a file belongs to, and which declared consumer it is: by owner, folder, job or exposure name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

from mllint.globs import Globs
from mllint.lineage.declarations import Declarations, Declared
from mllint.lineage.ids import dataset_of

_PICTURES = (".png", ".svg", ".jpg", ".jpeg", ".pdf", ".md", ".txt")
_NOTES = (".json", ".jsonl", ".html", ".csv", ".yaml", ".yml")
_TELLING = {
    "metric", "metrics", "report", "reports", "evaluation", "eval", "summary", "comparison", "compare", "calibration",
    "leaderboard", "benchmark", "run", "runs", "log", "logs",
}  # fmt: skip


def owner_of(declarations: Declarations, path: str) -> str:
    """The owner that CODEOWNERS names for a file, empty if none: the last pattern that matches wins."""
    owners = [owner for pattern, owner in declarations.owners if _pattern(pattern).covers(path)]
    return owners[-1] if owners else ""


def same_name(first: str, second: str) -> bool:
    """Whether two names of a team, job or folder mean the same: `@acme/crm-team` and `crm_team` do."""
    return _plain(first) == _plain(second) != ""


def top_folder(path: str) -> str:
    """`services` of `services/eta/app.py`, empty for a file that lies in no folder."""
    return path.partition("/")[0] if "/" in path else ""


def is_test(path: str) -> bool:
    folders, name = posixpath.split(path)
    return (
        not {"test", "tests", "testing"}.isdisjoint(folders.split("/"))
        or name.startswith("test_")
        or name in ("conftest.py", "test.py", "tests.py")
        or posixpath.splitext(name)[0].endswith("_test")
    )


def is_report(id: str) -> bool:
    """Whether a file is a note or a picture for people: `plots/roc.png`, `metrics.json`. Words only ever silence."""
    path = dataset_of(id).lower()
    words = set(re.split(r"[/_.:-]", path))
    return path.endswith(_PICTURES) or (path.endswith(_NOTES) and not words.isdisjoint(_TELLING))


def consumer_of(declarations: Declarations, path: str, job: str = "") -> list[Declared]:
    """The declared consumers that a file may be meant by: of its owner, or named like it or one of its folders."""
    owner = owner_of(declarations, path)
    names = [*path.split("/")[:-1], posixpath.splitext(posixpath.basename(path))[0], path, job]
    folder = posixpath.dirname(path)
    return [
        entry
        for entry in declarations.of_kind("consumer")
        if same_name(entry.owner, owner)
        or any(same_name(entry.name, name) for name in names)
        or f"{folder}/".startswith(entry.name.strip("/") + "/")
    ]


def reads_any(entry: Declared, ids: Iterable[str]) -> bool:
    """Whether a declared consumer reads one of the nodes; its `reads` may be globs."""
    return any(fnmatchcase(id, pattern) for pattern in entry.reads for id in ids)


def _plain(name: str) -> str:
    return name.strip("@/").rpartition("/")[2].lower().replace("-", "_").replace(" ", "_")


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> Globs:
    return Globs([pattern])
