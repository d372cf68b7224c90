"""What stands for the objects of entry points that were not interpreted in this run, since the last run tells what they
say: values that they stored, and the namespaces of scripts."""

from __future__ import annotations

import msgspec

from mllint.linker.python.results.defined import Defined

GHOST = object()  # stands for what a replayed entry point stored


class GhostFunction(msgspec.Struct, frozen=True, array_like=True):
    """A function of such a script. `entry` is the entry point that it is where nothing calls it, `identity` what told
    it in the last run, if it was one. `composes`: it puts a pipeline together."""

    at: int
    name: str
    entry: str
    identity: bytes
    composes: bool


class Ghost(msgspec.Struct, frozen=True, array_like=True):
    """What is known of the namespace of a script that was not interpreted in this run."""

    entry: str
    functions: tuple[GhostFunction, ...]
    classes: tuple[Defined, ...]
