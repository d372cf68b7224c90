"""What a command starts: `uv run python -u src/train.py x`, `uvicorn app.main:app`, `papermill nb.ipynb out.ipynb`."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import msgspec

from mllint.facts.commands import Command
from mllint.facts.file import FileFacts
from mllint.linker.project import Project, Run
from mllint.source import Span


class Started(msgspec.Struct, frozen=True):
    """What the words of a command name, before it is looked for in the repository."""

    name: str  # a path, or a dotted module
    arguments: tuple[str, ...]
    module: bool = False
    entry: str = ""
    language: str = "python"


_PYTHON = re.compile(r"(?:.*/)?(?:python|pypy)[0-9.]*w?(?:\.exe)?$")
# Words that run the command behind them, with the options of theirs that take a value.
_WRAPPERS: dict[tuple[str, ...], frozenset[str]] = {
    ("sudo",): frozenset({"-u", "-g"}),
    ("env",): frozenset({"-u"}),
    ("nohup",): frozenset(),
    ("exec",): frozenset({"-a"}),
    ("time",): frozenset(),
    ("nice",): frozenset({"-n"}),
    ("xargs",): frozenset({"-I", "-n", "-P", "-L"}),
    ("srun",): frozenset({"-n", "-N", "-p"}),
    ("mpirun",): frozenset({"-n", "-np"}),
    ("tini",): frozenset(),
    ("dumb-init",): frozenset(),
    ("ddtrace-run",): frozenset(),
    ("opentelemetry-instrument",): frozenset(),
    ("uv", "run"): frozenset({"--with", "--python", "-p", "--extra", "--group", "--env-file", "--directory"}),
    ("uvx",): frozenset({"--with", "--from"}),
    ("poetry", "run"): frozenset(),
    ("pipenv", "run"): frozenset(),
    ("pdm", "run"): frozenset(),
    ("rye", "run"): frozenset(),
    ("pixi", "run"): frozenset({"-e"}),
    ("hatch", "run"): frozenset(),
    ("conda", "run"): frozenset({"-n", "-p"}),
    ("mamba", "run"): frozenset({"-n", "-p"}),
    ("micromamba", "run"): frozenset({"-n", "-p"}),
    ("dotenv", "run"): frozenset({"-f"}),
    ("accelerate", "launch"): frozenset({"--config_file", "--num_processes", "--mixed_precision"}),
    ("coverage", "run"): frozenset({"--source", "--rcfile", "--omit"}),
}
_LAUNCHERS = {"torchrun", "deepspeed", "horovodrun", "ipython", "ray", "bokeh", "panel", "gradio"}
_SPARK_FLAGS = frozenset({"--verbose", "-v", "--supervise"})
_SERVERS = {"uvicorn", "gunicorn", "hypercorn", "daphne", "granian", "waitress-serve", "uwsgi"}
_SCRIPTS = {"Rscript": "r", "julia": "julia", "node": "javascript", "ts-node": "javascript", "psql": "sql"}
_OBJECT = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)(?:\(.*\))?$")
SHELLS = {"sh", "bash", "zsh", "dash", "ksh", "source", "."}
_MAX_MATCHES = 50


def starts(command: Command) -> Started | None:
    """What a command starts, if it starts code; `None` for anything else."""
    words = _unwrapped(list(command.words))
    if not words:
        return None
    name, rest = words[0], words[1:]
    base = posixpath.basename(name)
    if _PYTHON.match(name):
        return _python(rest)
    if base in _SERVERS:
        return _served(rest)
    match base, rest:
        case "flask", _:
            return _flask(rest, dict(command.environment))
        case (("streamlit" | "chainlit" | "marimo"), ["run", *others]):
            return _first_file(others, (".py",))
        case "fastapi", ["run" | "dev", *others]:
            return _first_file(others, (".py",))
        case (("bentoml" | "serve" | "celery" | "faststream" | "arq"), _):
            return _served([word for word in rest if word not in ("serve", "run")])
        case "papermill", _:
            return _papermill(rest)
        case (("jupyter" | "jupyter-nbconvert"), _) if "--execute" in rest:
            return _first_file(rest, (".ipynb",))
        case (("pytest" | "py.test"), _):
            return Started("pytest", tuple(rest), entry="pytest")
        case "spark-submit", _:  # all options have values but a few, and some values are files: `--py-files util.py`
            return _first_file(
                _without_options(rest, frozenset(word for word in rest if "=" not in word) - _SPARK_FLAGS),
                (".py", ".R"),
            )
        case "gcloud", ["dataproc", "jobs" | "batches", "submit", "pyspark", script, *others]:
            return Started(script, tuple(others[others.index("--") + 1 :] if "--" in others else ()))
        case _ if base in _LAUNCHERS:
            return _first_file(rest, (".py", ".R"))
        case _ if base in _SCRIPTS:
            return _other_language(_SCRIPTS[base], rest)
        case _ if name.endswith((".py", ".R", ".jl")):  # ./train.py
            language = {".R": "r", "jl": "julia"}.get(name[-2:], "python")
            return Started(name, tuple(rest), language=language)
    return None


def _unwrapped(words: list[str]) -> list[str]:
    for _ in range(6):
        base = posixpath.basename(words[0]) if words else ""
        if base == "timeout":
            words = _without_options(words[1:], frozenset({"-s", "-k"}))[1:]
            continue
        wrapper = next((w for w in ((base,), (base, *words[1:2])) if w in _WRAPPERS), None)
        if wrapper is None:
            return words
        words = _without_options(words[len(wrapper) :], _WRAPPERS[wrapper])
        while wrapper == ("env",) and words and "=" in words[0]:
            words = words[1:]
        if wrapper == ("coverage", "run") and words:
            return ["python", *words]
    return words


def _without_options(words: list[str], with_value: frozenset[str]) -> list[str]:
    index = 0
    while index < len(words) and words[index].startswith("-"):
        if words[index] == "--":
            return words[index + 1 :]
        if words[index] == "-m":  # coverage run -m, uv run -m
            return ["python", *words[index:]]
        index += 2 if words[index] in with_value else 1
    return words[index:]


def _python(words: list[str]) -> Started | None:
    index = 0
    while index < len(words) and words[index].startswith("-"):
        word = words[index]
        if word == "-m":
            return _module(words[index + 1 :])
        if word in ("-c", "-"):
            return None
        index += 2 if word in ("-W", "-X") else 1
    if index == len(words):
        return None
    return Started(words[index], tuple(words[index + 1 :]))


def _module(words: list[str]) -> Started | None:
    if not words:
        return None
    name, rest = words[0], words[1:]
    match name:
        case "pytest":
            return Started("pytest", tuple(rest), entry="pytest")
        case "streamlit" | "chainlit":
            return _first_file(rest[1:], (".py",))
        case "papermill":
            return _papermill(rest)
        case "coverage" if rest[:1] == ["run"]:
            return _python(_without_options(rest[1:], frozenset({"--source", "--rcfile"})))
        case "flask":
            return _flask(rest, {})
        case _ if name in _SERVERS:
            return _served(rest)
        case "torch.distributed.launch" | "torch.distributed.run" | "accelerate.commands.launch":
            return _first_file(rest, (".py",))
    return Started(name, tuple(rest), module=True)


def _served(words: list[str]) -> Started | None:
    """`gunicorn -w 2 package.module:app`"""
    for word in words:
        if match := _OBJECT.match(word):
            return Started(match[1], (), module=True, entry=match[2])
    return None


def _flask(words: list[str], environment: dict[str, str]) -> Started | None:
    app = environment.get("FLASK_APP", "")
    for index, word in enumerate(words):
        if word in ("--app", "-A") and index + 1 < len(words):
            app = words[index + 1]
    if "run" not in words:
        return None
    app = app or "app.py"
    if app.endswith(".py"):
        return Started(app, (), entry="app")
    module, _, entry = app.partition(":")
    return Started(module, (), module=True, entry=entry or "app")


def _papermill(words: list[str]) -> Started | None:
    """`papermill in.ipynb out.ipynb -p name value`: parameters are given as `-p name value`."""
    notebooks = [word for word in words if word.endswith(".ipynb")]
    return Started(notebooks[0], tuple(words), entry="papermill") if notebooks else None


def _spark(words: list[str]) -> Started | None:
    """All options but a few have values, and some values are files: `spark-submit --py-files util.py train.py x`."""
    with_value = frozenset(word for word in words if "=" not in word) - _SPARK_FLAGS
    return _first_file(_without_options(words, with_value), (".py", ".R"))


def _first_file(words: list[str], suffixes: tuple[str, ...]) -> Started | None:
    for index, word in enumerate(words):
        if word.endswith(suffixes):
            return Started(word, tuple(words[index + 1 :]), language="r" if word.endswith(".R") else "python")
    return None


def _other_language(language: str, words: list[str]) -> Started | None:
    if language == "sql":
        for i, (flag, word) in enumerate(pairwise(["", *words])):
            name = word.partition("=")[2] if word.startswith("--file=") else word if flag in ("-f", "--file") else ""
            if name:
                others = words[: i - (name == word)] + words[i + 1 :]
                return Started(name, tuple(others), language="sql")
        return None
    rest = _without_options(words, frozenset({"-e", "--eval"}))
    return Started(rest[0], tuple(rest[1:]), language=language) if rest else None


# ------------------------------------------------------------------------------------------- in the repository


def runs_of(project: Project, command: Command, bases: Iterable[str], job: str, span: Span) -> Iterator[Run]:
    """The files of the repository that a command starts. `bases` are the folders that the command's own folder may be
    relative to, the likeliest first."""
    started = starts(command)
    if started is None:
        words = _unwrapped(list(command.words))
        if words and words[0] in project.installed:
            folder = next(folders_of(command.folder, bases), "")
            environment = command.environment
            yield as_installed(project.installed[words[0]], words[1:], folder, job, span, environment)
        shell = shell_of(project, command, bases)
        if shell is not None:
            project.shells.setdefault(shell.path, set())
        return
    folders = list(dict.fromkeys(folders_of(command.folder, bases)))
    if started.name == "pytest" and started.entry == "pytest":
        for path in _tests(project, started.arguments, folders):
            yield Run(path, (), folders[0], job, span, entry="pytest", environment=command.environment)
        return
    for path, folder in _found(project, started, folders):
        yield Run(
            path, started.arguments, folder, job, span, started.module, started.language, started.entry,
            command.environment,
        )  # fmt: skip


def as_installed(
    command: Run, arguments: list[str], folder: str, job: str, span: Span, environment: tuple[tuple[str, str], ...] = ()
) -> Run:
    """An installed command with the arguments that somebody gives it."""
    told = {"arguments": tuple(arguments), "folder": folder, "job": job, "span": span, "environment": environment}
    return msgspec.structs.replace(command, by="", is_open=False, **told)


def shell_of(project: Project, command: Command, bases: Iterable[str]) -> FileFacts | None:
    """The shell script of the repository that a command runs."""
    words = [word for word in command.words if not word.startswith("-")]
    if words and posixpath.basename(words[0]) in SHELLS:
        words = words[1:]
    if not words:
        return None
    for base in bases:
        path = posixpath.normpath(posixpath.join(base, command.folder or "", words[0].lstrip("/")))
        facts = project.files.get(path)
        if facts is not None and facts.kind == "shell":
            return facts
    return None


def folders_of(folder: str | None, bases: Iterable[str]) -> Iterator[str]:
    for base in bases:
        if folder is None:
            yield base
        elif folder.startswith("{root}"):
            yield posixpath.normpath(folder.removeprefix("{root}").lstrip("/") or ".").removeprefix(".")
        elif not folder.startswith("/"):
            joined = posixpath.normpath(posixpath.join(base, folder)) if base or folder else ""
            if not joined.startswith(".."):
                yield "" if joined == "." else joined
        else:
            # a folder of a container: `/app/src` may be `app/src`, `src`, or the root itself
            parts = folder.strip("/").split("/")
            yield from ("/".join(parts[index:]) for index in range(len(parts) + 1))


def _found(project: Project, started: Started, folders: list[str]) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for candidate in _candidates(started):
            path = posixpath.normpath(posixpath.join(folder, candidate))
            if path in project.files:
                yield path, folder
                return
            if "{" in path and (matches := _matches(project, path)):
                yield from ((match, folder) for match in matches)
                return


def _candidates(started: Started) -> list[str]:
    if not started.module:
        name = started.name.removeprefix("{root}/")
        if not name.startswith("/"):
            return [name, posixpath.join(name, "__main__.py")]
        parts = name.strip("/").split("/")  # a path inside a container
        return ["/".join(parts[index:]) for index in range(len(parts))]
    path = started.name.replace(".", "/")
    found = [f"{path}.py", f"{path}/__main__.py"]
    if started.entry:
        found.append(f"{path}/__init__.py")
    return [*found, *(f"src/{each}" for each in found)]


def _matches(project: Project, pattern: str) -> list[str]:
    """`jobs/{NAME}.py` may be any file of the folder `jobs`. A pattern that is unknown as a whole is none."""
    if re.fullmatch(r"(\{[^{}]*\}/?)*(\.\w+)?", pattern):
        return []
    glob = re.sub(r"\\?\{[^{}]*\\?\}", "*", re.sub(r"[\[\]?*]", "?", pattern))
    depth = pattern.count("/")
    found = (path for path in project.files if path.count("/") == depth and fnmatch.fnmatchcase(path, glob))
    return [path for path in found if path.endswith((".py", ".ipynb", ".R", ".jl"))][:_MAX_MATCHES]


def _tests(project: Project, arguments: tuple[str, ...], folders: list[str]) -> Iterator[str]:
    named = [word.partition("::")[0] for word in arguments if not word.startswith("-")]
    roots = [posixpath.normpath(posixpath.join(folder, name)) for name in named for folder in folders[:1]] or [
        folders[0]
    ]
    for path in project.files:
        name = posixpath.basename(path)
        is_test = name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))
        if any(path == root or (is_test and (not root or path.startswith(root + "/"))) for root in roots):
            yield path
