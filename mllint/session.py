"""The one path through the stages: find, read, link, check."""

from __future__ import annotations

import gc
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import msgspec

from mllint import gitindex
from mllint.cache import Cache
from mllint.declarations import CODEOWNERS, read_codeowners, read_declarations
from mllint.discovery import Discovery, Found, discover, kind_of, read_found
from mllint.errors import Problem, UsageError
from mllint.executors import Executor, executor, map_files
from mllint.facts.file import FileFacts
from mllint.files import read_regular
from mllint.libraries.loading import from_values
from mllint.libraries.models import LibraryFile
from mllint.lineage.declarations import Declarations
from mllint.lineage.lineage import Lineage
from mllint.readers import read
from mllint.rule import Finding, Rule
from mllint.selection import RuleError
from mllint.settings import Settings, load, with_overrides
from mllint.worker import FRAMES

SECONDS = 600.0  # that a run may take; what is not read or followed by then is told
Progress = Callable[[int, int], None]  # files done, files in all


class CheckResult(msgspec.Struct):
    """`problems` are sorted diagnostics (ML0xx) of files; `files` the facts, in path order; `fail_on` the least
    severity that fails a run."""

    findings: list[Finding]
    problems: list[Problem]
    lineage: Lineage
    rule_errors: list[RuleError]
    files: list[FileFacts]
    fail_on: str
    notes: list[str] = []  # what rules say besides, for standard error


def rules(root: Path | None = None) -> list[Rule]:
    """Every rule that is installed, in the order of codes, ML007 included."""
    from mllint.selection import load_rules
    from mllint.suppressions import UNUSED

    return [UNUSED, *load_rules(root)[0]]


def check(
    root: Path,
    paths: tuple[Path, ...] = (),
    *,
    settings_overrides: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    use_cache: bool = True,
    preview: bool = False,
    today: str,
    progress: Progress | None = None,
    overlay: Mapping[str, bytes] | None = None,
    seconds: float = SECONDS,
) -> CheckResult:
    """Read, link and check. `settings_overrides` maps field names of Settings to what the command line says; `today` is
    an ISO date; `overlay` maps repo-relative paths to bytes that stand for those on disk. After so many `seconds` no
    more is read or followed, and each file that this concerns has a problem.

    Raises UsageError for wrong settings, declarations or paths, and where there is nothing to analyse.
    """
    from mllint.checking import check_lineage
    from mllint.selection import load_rules

    settings = with_overrides(load(root), settings_overrides or {})
    installed, errors = load_rules(root)
    with _room_to_work():
        lineage, files = analyse(root, paths, settings, jobs, use_cache, progress, overlay, seconds)
        notes: list[str] = []
        findings, crashed = check_lineage(
            lineage, files, installed, settings, preview=preview, today=today, notes=notes
        )
    return CheckResult(findings, lineage.problems, lineage, sorted(errors + crashed), files, settings.fail_on, notes)


def graph(
    root: Path,
    paths: tuple[Path, ...] = (),
    *,
    jobs: int | None = None,
    use_cache: bool = True,
    progress: Progress | None = None,
) -> Lineage:
    """Read and link alone. Raises UsageError as `check` does."""
    with _room_to_work():
        return analyse(root, paths, load(root), jobs, use_cache, progress)[0]


def analyse(
    root: Path,
    paths: tuple[Path, ...],
    settings: Settings,
    jobs: int | None,
    use_cache: bool,
    progress: Progress | None,
    overlay: Mapping[str, bytes] | None = None,
    seconds: float = SECONDS,
) -> tuple[Lineage, list[FileFacts]]:
    """The lineage, with coverage and all problems filled in, and the facts it was linked from."""
    deadline = time.monotonic() + seconds
    declarations = load_declarations(root)
    files, discovery = read_tree(root, settings, jobs, use_cache, progress, paths, overlay, deadline=deadline)
    if not discovery.files_found:
        raise UsageError(f"nothing to analyse: no file of a kind that mllint reads in {paths[0] if paths else root}")
    own_models = load_models(root, settings)
    documents = _read_documents(root, discovery)
    everything, others = [*files, *documents], sorted(discovery.others)
    lineage = linked(root, everything, settings, declarations, own_models, use_cache, deadline, others)
    lineage.coverage.files_found = discovery.files_found
    lineage.coverage.files_read = sum(map(_is_read, files))
    here = (found.path for found in discovery.found)
    lineage.shipped = frozenset((*discovery.others, *here, *gitindex.tracked(root)))
    problems = {*lineage.problems, *discovery.problems, *(problem for facts in files for problem in facts.problems)}
    lineage.problems = sorted(problems, key=_problem_order)
    return lineage, files


def linked(
    root: Path,
    files: list[FileFacts],
    settings: Settings,
    declarations: Declarations,
    own_models: Sequence[LibraryFile],
    use_cache: bool,
    deadline: float = math.inf,
    others: Sequence[str] = (),
) -> Lineage:
    """The lineage of these facts: that of the last run, if nothing has changed since."""
    from mllint import lineage_cache

    if not use_cache:
        from mllint.linker.link import link

        return link(files, settings, declarations, own_models, deadline=deadline, others=others)
    digests = lineage_cache.digests_of(files)
    key = lineage_cache.key_of(digests, settings, declarations, own_models, others)
    known = lineage_cache.load(root, key, declarations)
    if known is not None:
        return known
    from mllint.linker.link import link
    from mllint.linker.python.replay import Memory

    memory = lineage_cache.load_memory(root, Memory)
    lineage = link(files, settings, declarations, own_models, digests, memory, deadline, others)
    if time.monotonic() < deadline:  # else another run, on a faster machine, may see more
        lineage_cache.store(root, key, lineage)
        lineage_cache.store_memory(root, memory)
    return lineage


def read_tree(
    root: Path,
    settings: Settings,
    jobs: int | None = None,
    use_cache: bool = True,
    progress: Progress | None = None,
    paths: tuple[Path, ...] = (),
    overlay: Mapping[str, bytes] | None = None,
    execute: Executor | None = None,
    deadline: float = math.inf,
) -> tuple[list[FileFacts], Discovery]:
    """The facts of every file, in path order, and what discovery met. The result does not depend on `jobs` or cache."""
    root = Path(os.path.realpath(root))
    discovery = discover(root, _resolved(paths), settings.exclude)
    if overlay:
        _add_unsaved(discovery, overlay)
    execute = execute or executor(read, jobs)
    files = []
    with Cache(root) if use_cache else nullcontext() as cache:
        for facts in map_files(root, discovery.found, execute, cache=cache, overlay=overlay, deadline=deadline):
            files.append(facts)
            if progress is not None:
                progress(len(files), len(discovery.found))
    return files, discovery


def _read_documents(root: Path, discovery: Discovery) -> list[FileFacts]:
    """The commands and files that texts for people name. Such a text is not analysed itself, so it has no problems."""
    documents = []
    for found in discovery.documents:
        with suppress(OSError):
            facts = read(found.path, found.kind, read_found(root, found))
            if facts.commands or facts.names:
                documents.append(facts)
    return documents


def _add_unsaved(discovery: Discovery, overlay: Mapping[str, bytes]) -> None:
    """An editor's text of a file that is not on disk yet counts as found."""
    known = {found.path for found in discovery.found}
    for path, data in overlay.items():
        if path not in known and (kind := kind_of(path)) is not None:
            discovery.found.append(Found(path, kind, len(data)))
    discovery.found.sort(key=lambda found: found.path)


def _is_read(facts: FileFacts) -> bool:
    """Whether a file counts as read: no problem, or facts in spite of one (a notebook with one broken cell)."""
    payload = (facts.python, facts.config, facts.sql, facts.data, facts.foreign)
    return not facts.problems or bool(facts.commands) or any(part is not None for part in payload)


def _problem_order(problem: Problem) -> tuple[Any, ...]:
    return (problem.path, problem.cell or 0, problem.line, problem.code, problem.message)


# ------------------------------------------------------------------------------------------ what stands at the root


def find_root(paths: tuple[Path, ...] = ()) -> Path:
    """The nearest folder above all paths that has a mllint.yaml, mllint.toml, `[tool.mllint]` in its pyproject.toml,
    or .git; else the folder that the paths have in common. Raises UsageError for a missing path."""
    common = Path(os.path.commonpath(_resolved(paths) or (os.path.realpath(""),)))
    if not common.is_dir():
        common = common.parent
    return next((folder for folder in (common, *common.parents) if _is_root(folder)), common)


def _resolved(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Absolute paths. A single one that is a link is what the user means to be followed; among several, the `*` of a
    shell may have met it in a stranger's tree."""
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(f"{path}: no such file or folder")
    if len(paths) == 1:
        return (Path(os.path.realpath(paths[0])),)
    return tuple(Path(_real_parent(path)) for path in paths)


def _real_parent(path: Path) -> str:
    full = os.path.abspath(path)
    return os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))


def _is_root(folder: Path) -> bool:
    if any(os.path.lexists(folder / name) for name in ("mllint.yaml", "mllint.yml", "mllint.toml", ".git")):
        return True
    try:
        return b"[tool.mllint" in read_regular(str(folder / "pyproject.toml"), 5 << 20)
    except OSError:
        return False


def load_declarations(root: Path) -> Declarations:
    """mllint.yaml and CODEOWNERS, if they are there. Raises UsageError for what is wrong in mllint.yaml."""
    names = [name for name in ("mllint.yaml", "mllint.yml") if os.path.lexists(root / name)]
    if len(names) > 1:
        raise UsageError("declarations stand in both mllint.yaml and mllint.yml: keep one of them")
    declarations = Declarations([], [])
    for name in names:
        try:
            facts = read(name, "yaml", read_regular(str(root / name), 5 << 20))
        except OSError as error:
            raise UsageError(f"{name}: cannot be read: {error.strerror or error}") from None
        if facts.problems:
            raise UsageError(f"{name}:{facts.problems[0].line}: {facts.problems[0].message}")
        declarations = read_declarations(facts.config, name)
    for name in CODEOWNERS:
        try:
            text = read_regular(str(root / name), 5 << 20).decode("utf-8", "replace")
        except OSError:
            continue
        declarations.owners = read_codeowners(text)
        break
    return declarations


def load_models(root: Path, settings: Settings) -> list[LibraryFile]:
    """The models of the repository's own libraries that its settings name. Raises UsageError."""
    found: list[LibraryFile] = []
    for pattern in settings.library_models:
        place = settings.place("library-models")
        if not pattern or pattern.startswith(("/", "~")) or ".." in Path(pattern).parts:
            raise UsageError(f"{place}: `{pattern}` must lie in the repository")
        paths = sorted(path for path in root.glob(pattern) if _real_parent(path) == str(path))
        if not paths:
            raise UsageError(f"{place}: no file is named `{pattern}`")
        found += [_load_model(root, path) for path in paths]
    return found


def _load_model(root: Path, path: Path) -> LibraryFile:
    name = path.relative_to(root).as_posix()
    try:
        facts = read(name, "yaml", read_regular(str(path), 5 << 20))
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}") from None
    if facts.problems:
        raise UsageError(f"{name}:{facts.problems[0].line}: {facts.problems[0].message}")
    if facts.config is None or not facts.config.documents:
        raise UsageError(f"{name}: expected a library model; see docs/library-models.md")
    return from_values(facts.config.documents, name)


@contextmanager
def _room_to_work() -> Iterator[None]:
    """No collector: facts and graphs hold few circles, and walking a million small objects again and again costs a
    third of a run. And deeper recursion than a reader has, so that what could be read can be decoded and linked."""
    was_on, before = gc.isenabled(), sys.getrecursionlimit()
    gc.disable()
    sys.setrecursionlimit(max(before, 6 * FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
        if was_on:
            gc.enable()
