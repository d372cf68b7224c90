"""Which Dockerfile of the repository builds an image, where that is plain: a command or a compose file says so, or it
lies in a folder of that name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mllint.facts.commands import Command
from mllint.facts.config import Value
from mllint.linker.project import Project
from mllint.linker.systems import ci, tree

Images = dict[str, tuple[str, str]]  # the last part of a name -> build context, Dockerfile
_TOOLS = ("docker", "podman", "buildah", "nerdctl")
_VALUED = ("--build-arg", "--platform", "--target", "--label", "--cache-from", "--cache-to", "--network", "--secret",
           "--output", "-o", "--progress", "--builder", "--ssh")  # fmt: skip


def contexts(project: Project) -> dict[str, list[str]]:
    """Dockerfile -> the folders that compose files build it in."""
    found: dict[str, list[str]] = {}
    for _, (context, dockerfile) in _by_compose(project):
        found.setdefault(dockerfile, []).append(context)
    return found


def image_name(image: str) -> str:
    """`registry:5000/team/trainer:1.2` is `trainer`; empty where a part of it is not known."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return "" if re.search(r"[{}$*]", name) else name


def built(project: Project) -> Images:
    said: dict[str, set[tuple[str, str]]] = {}
    for image, place in (*_by_commands(project), *_by_compose(project)):
        if (name := image_name(image)) and place[1] in project.files:
            said.setdefault(name, set()).add(place)
    for name, place in _by_name(project):
        if name not in said or place in said[name]:
            said.setdefault(name, set()).add(place)
    return {name: next(iter(places)) for name, places in said.items() if len({file for _, file in places}) == 1}


def _by_commands(project: Project) -> Iterator[tuple[str, tuple[str, str]]]:
    """`docker build -t trainer -f docker/train.Dockerfile .`"""
    commands = [(facts.path, command) for facts in project.of_kind("shell", "make") for command in facts.commands]
    commands += [(path, command) for path, _, command in ci.commands(project)]
    for path, command in commands:
        words = list(command.words)
        if len(words) > 3 and posixpath.basename(words[0]) in _TOOLS and "build" in words[1:3]:
            own = posixpath.dirname(path)
            for base in dict.fromkeys(["", own]):
                for image, context, file in _built_by(command, words, base):
                    if file in project.files:
                        yield image, (context, file)


def _built_by(command: Command, words: list[str], base: str) -> Iterator[tuple[str, str, str]]:
    tags, file, context = [], "", ""
    rest = iter(words[words.index("build") + 1 :])
    for word in rest:
        name, equal, value = word.partition("=")
        if name in ("-t", "--tag"):
            tags.append(value if equal else next(rest, ""))
        elif name in ("-f", "--file"):
            file = value if equal else next(rest, "")
        elif name in _VALUED and not equal:
            next(rest, "")
        elif not word.startswith("-"):
            context = word
    start = posixpath.join(base, (command.folder or "").removeprefix("{root}/"))
    folder = _plain(posixpath.join(start, context))
    dockerfile = _plain(posixpath.join(start, file)) if file else posixpath.join(folder, "Dockerfile")
    for tag in tags:
        yield tag, folder, dockerfile


def _by_compose(project: Project) -> Iterator[tuple[str, tuple[str, str]]]:
    for facts in project.of_kind("yaml"):
        for document in facts.config.documents if facts.config else ():
            for entry in tree.entries(document, "services"):
                context, file = build(facts.path, entry.value)
                if file:
                    yield tree.text(entry.value, "image") or entry.key, (context, file)


def _by_name(project: Project) -> Iterator[tuple[str, tuple[str, str]]]:
    """`trainer/Dockerfile`, `Dockerfile.trainer`, `trainer.Dockerfile`."""
    for facts in project.of_kind("docker"):
        folder, name = posixpath.split(facts.path)
        if name == "Dockerfile":
            yield posixpath.basename(folder), (folder, facts.path)
        else:
            yield re.sub(r"^Dockerfile[._-]|[._-]?Dockerfile$", "", name, flags=re.IGNORECASE), ("", facts.path)


def build(path: str, service: Value) -> tuple[str, str]:
    """The build context of a service and its Dockerfile, repo-relative; empty where it builds nothing."""
    said = tree.get(service, "build")
    if said is None:
        return "", ""
    context = tree.text(said) if said.kind == "scalar" else tree.text(said, "context") or "."
    name = tree.text(said, "dockerfile") or "Dockerfile"
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), context))
    dockerfile = posixpath.normpath(posixpath.join(folder, name))
    return "" if folder == "." else folder, dockerfile


def _plain(path: str) -> str:
    found = posixpath.normpath(path)
    return "" if found == "." else found
