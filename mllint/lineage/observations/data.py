"""Reads, writes and columns, and what is known or checked of them."""

from __future__ import annotations

import msgspec

from mllint.lineage.expressions import Expression
from mllint.source import Span


class Feature(msgspec.Struct, frozen=True):
    """How one feature of one model is computed on one side. `position` counts from 0 where the model goes by
    position; `function` is the qualified name of the repository function that computes it, if one does;
    `model` is the id of the model node (or of the artifact through which it is known). `named` is the literal that
    names it among the model's inputs; `not_null` are the columns it reads that cannot be null on this side."""

    model: str
    name: str
    side: str  # train, serve
    expression: Expression
    span: Span
    job: str
    position: int | None = None
    function: str = ""
    named: Span | None = None
    not_null: tuple[str, ...] = ()
    elsewhere: bool = False  # what the model is given was written by another job, which computes it


class Check(msgspec.Struct, frozen=True):
    """Data are held against what they should be: a schema, a test that raises or reports. `data` are the nodes they
    come from; `order` counts along with that of fits."""

    data: tuple[str, ...]
    span: Span
    job: str
    order: int


class Access(msgspec.Struct, frozen=True):
    """One read or write of something whose name is known. `span` is the line that does it, `called` the call in which
    the name is known, where that is another one (of a generic helper). `guarded`: it may be missing, and the code
    copes. `adds`: a write that leaves what is there. `revision`: the version, stage or alias of a model. `made`:
    where what is written is made."""

    id: str
    is_read: bool
    span: Span
    called: Span
    job: str
    guarded: bool = False
    adds: bool = False
    revision: str = ""
    made: str = ""


class Mention(msgspec.Struct, frozen=True):
    """A text in `path` names a file `name` that code writes, `times` times. Looked for only where no code is seen to
    read what is written: who names it may."""

    name: str
    path: str
    times: int


class Limit(msgspec.Struct, frozen=True):
    """A filter that compares a column with a date that code or configuration fixes: rows stay where
    `column operator value`. `setting` is the place in the configuration, if it stands in one."""

    dataset: str
    column: str
    operator: str  # <, <=, >, >=, ==, outside
    value: str  # an ISO date; of `outside` two, `2023-09-13/2023-09-17`
    span: Span
    job: str
    setting: Span | None = None


class Absent(msgspec.Struct, frozen=True):
    """A column that code asks for of the rows of a dataset whose columns are all known, and are others."""

    dataset: str
    name: str
    span: Span
    job: str


class Reading(msgspec.Struct, frozen=True):
    """A call that reads rows. `is_used`: a column of them is asked for, or they go whole into something. `is_input`: no
    code reads them, a step of a pipeline names them among its inputs."""

    dataset: str
    span: Span
    job: str
    is_used: bool
    is_input: bool = False


class Computed(msgspec.Struct, frozen=True):
    """A column that code computes and gives a name, in memory. `is_used`: somebody asks for it, or its frame goes whole
    into something, or where nobody follows. `left` are the selections that leave it out."""

    name: str
    span: Span
    job: str
    function: str
    is_used: bool
    left: tuple[Span, ...] = ()
