"""Names that people take for one another: of files, tables and registered models."""

from __future__ import annotations

import posixpath
import re

_VERSION = re.compile(r"v?\d{1,3}|(?:19|20)\d\d(?:\d{2}){0,2}", re.IGNORECASE)
_FORMATS = (
    {".csv", ".tsv", ".parquet", ".pq", ".feather", ".xlsx", ".xls", ".orc", ".arrow"},
    {".pkl", ".pickle", ".joblib", ".sav", ".p", ".dump", ".bin"},
    {".h5", ".hdf5", ".keras", ".pb"},
    {".pt", ".pth", ".ckpt"},
    {".json", ".jsonl", ".ndjson"},
    {".yaml", ".yml"},
)
_SHORTEST_WORD = 5  # a letter more or less makes another word of a shorter one: `x_train`, `y_train`


def nearness(first: str, second: str) -> str:
    """In what two node ids of one kind differ: `spelling` (case, separators, ending, version), `edit` (one letter),
    `folder` (one more, less, or another one that is like it); empty if in more than one of these, or in nothing.

    >>> nearness("file:data/Train.csv", "file:data/train.csv"), nearness("model:churn", "model:churn-model")
    ('spelling', '')
    >>> nearness("file:out/feature.csv", "file:out/features.csv"), nearness("file:model/x.csv", "file:models/x.csv")
    ('edit', 'folder')
    """
    (kind, folder, stem, ending), (kind2, folder2, stem2, ending2) = _parts(first), _parts(second)
    if kind != kind2 or first == second or not _same_format(ending, ending2):
        return ""
    if folder == folder2:
        if folded(stem) and folded(stem) == folded(stem2):
            return "spelling"
        return "edit" if ending == ending2 and _is_one_edit(stem.lower(), stem2.lower()) else ""
    same_name = (stem, ending) == (stem2, ending2)
    if kind == "table" and folder != folder2:
        return ""  # a connection, or a parameter, has a schema of its own
    return "folder" if same_name and stem and _is_one_folder(folder, folder2) else ""


def folded(stem: str) -> str:
    """A name without case, separators, versions and years.

    >>> folded("ChurnModel_v2"), folded("churn-model"), folded("sales_2024")
    ('churnmodel', 'churnmodel', 'sales')
    """
    words = re.split(r"[^A-Za-z0-9]+", stem)
    kept = [word for word in words if word and not _VERSION.fullmatch(word)]
    return "".join(kept).lower()


def _parts(id: str) -> tuple[str, tuple[str, ...], str, str]:
    kind, _, name = id.partition(":")
    if kind == "table":
        folder, _, stem = name.rpartition(".")
        return kind, tuple(folder.split(".")) if folder else (), stem, ""
    folder, _, base = name.rpartition("/")
    stem, ending = posixpath.splitext(base)
    return kind, tuple(folder.split("/")) if folder else (), stem, ending.lower() if kind != "model" else ending


def _same_format(first: str, second: str) -> bool:
    return first == second or any(first in family and second in family for family in _FORMATS)


def _is_one_folder(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    if len(first) == len(second):
        changed = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
        return len(changed) == 1 and _are_like(*changed[0])
    short, long = sorted((first, second), key=len)
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def _are_like(first: str, second: str) -> bool:
    """Folders that one may write for the other: `model/` and `models/`, `process/` and `processed/`. Any two others,
    such as `w30_c125/` and `w30_cnone/`, may both be meant, and so may two versions."""
    short, long = sorted((first.lower(), second.lower()), key=len)
    versions = folded(first) == folded(second) and _VERSION.search(first + second)
    is_prefix = len(short) >= _SHORTEST_WORD and long.startswith(short) and len(long) - len(short) <= 3
    return not versions and (folded(first) == folded(second) or is_prefix or _is_one_edit(short, long))


def _is_one_edit(first: str, second: str) -> bool:
    """One letter changed, added, left out, or two swapped, in a word that is long enough; digits are no letters."""
    if re.sub(r"\D", "", first) != re.sub(r"\D", "", second):
        return False
    words, words2 = (re.split(r"[^a-z0-9]+", name) for name in (first, second))
    changed = [(a, b) for a, b in zip(words, words2, strict=False) if a != b]
    if len(words) != len(words2) or len(changed) != 1:
        return False
    a, b = sorted(changed[0], key=len)
    if len(a) < _SHORTEST_WORD - 1 or len(b) < _SHORTEST_WORD or len(b) - len(a) > 1:
        return False
    if len(a) < len(b):
        return any(b[:i] + b[i + 1 :] == a for i in range(len(b)))
    at = [i for i in range(len(a)) if a[i] != b[i]]
    swapped = len(at) == 2 and at[1] == at[0] + 1 and a[at[0]] == b[at[1]] and a[at[1]] == b[at[0]]
    return len(at) == 1 or swapped
