"""Configuration, and what code decides by it."""

from __future__ import annotations

import msgspec

from mllint.source import Span


class Setting(msgspec.Struct, frozen=True):
    """One value that a setting takes, and where it is written."""

    value: bool | int | float | str | None
    span: Span


class Branch(msgspec.Struct, frozen=True):
    """A test on a setting whose outcome is the same for every value that any config, default or command gives it.

    `dead` are the spans of the code that is cut off, `lines` how many lines that is. `subject` is the setting as
    written in the code; `settings` are all values found for it. `only_reports`: it only prints, logs or plots."""

    span: Span
    subject: str
    text: str
    outcome: bool
    settings: tuple[Setting, ...]
    dead: tuple[Span, ...]
    lines: int
    only_reports: bool = False


class Key(msgspec.Struct, frozen=True):
    """A key of a configuration file, with the keys that lead to it. `state` tells whether any part of it is read:
    `read`, `unread`, or `unsure` where code that is not followed may read it. `value` is that of a scalar."""

    keys: tuple[str, ...]
    span: Span
    state: str
    is_scalar: bool
    value: bool | int | float | str | None = None
    content: str = ""  # of a list, as a text to compare
    places: tuple[Span, ...] = ()  # of its value, or of a list's
    readers: tuple[Span, ...] = ()  # the places of code that ask for it, as far as they are known


class Config(msgspec.Struct, frozen=True):
    """A configuration file of the repository: who loads it, its keys in file order, and the files that it is laid on
    (`bases`). `is_tooling`: tools of their own read it (a manifest, a lock, a workflow). `loads` are the calls that
    parse it; `is_checked`: something that loads it may hold its values against a schema, or refuse wrong ones."""

    path: str
    jobs: tuple[str, ...]
    keys: tuple[Key, ...]
    bases: tuple[str, ...] = ()
    is_tooling: bool = False
    loads: tuple[Span, ...] = ()
    is_checked: bool = False


class Given(msgspec.Struct, frozen=True):
    """What a call gives for one parameter, if it is a scalar: the places of its value in configuration files, or the
    literal itself, if the value is written in the call. `value` is None where there are several."""

    parameter: str
    value: bool | int | float | str | None
    settings: tuple[Span, ...] = ()
    literal: Span | None = None


class Component(msgspec.Struct, frozen=True):
    """A call of a library that takes settings. `kind`: `estimator` makes one, `fit`, `split`, `data` reads or writes
    what `given` names, `call` is any other that configuration gives values. `model` is what is fitted, if anything."""

    span: Span
    job: str
    what: str  # dotted name of the class or function
    kind: str
    given: tuple[Given, ...]
    model: str = ""


class MissingKey(msgspec.Struct, frozen=True):
    """The code asks configuration `files` for a key that none of them has, without a default."""

    span: Span
    keys: tuple[str, ...]
    files: tuple[str, ...]


class Override(msgspec.Struct, frozen=True):
    """A value that takes the place of another wherever the files are merged; `repeats`: it is the same one."""

    span: Span
    base: Span
    repeats: bool
