"""Models: what they are given and give, what is drawn by chance, where they are kept, loaded and judged."""

from __future__ import annotations

import msgspec

from mllint.source import Span


class Output(msgspec.Struct, frozen=True):
    """A place to which predictions of a model go: a dataset or column that holds them, an endpoint that gives them."""

    model: str
    target: str
    span: Span
    job: str


class Decision(msgspec.Struct, frozen=True):
    """A prediction is compared with numbers that are written in code or configuration, and something is done about the
    outcome at `acted`: it goes to `target`, or without one, a branch acts. `settings` are the places of the numbers in
    configuration, `predicted` that of the predict call."""

    model: str
    span: Span
    text: str
    values: tuple[int | float, ...]
    settings: tuple[Span, ...]
    predicted: Span
    acted: Span
    target: str
    job: str


class Action(msgspec.Struct, frozen=True):
    """A call that does something outside, `name`, in a loop and because of a prediction that is made at `predicted`.
    `bound`: what may keep it within bounds, `limit` or `review`; empty if nothing does."""

    model: str
    span: Span
    job: str
    name: str
    predicted: Span
    bound: str = ""


class Told(msgspec.Struct, frozen=True):
    """What becomes of scores (ids of measurings): `shown` on a screen, `logged` by a logger, or `kept`: in a file, by a
    tracker, or where nobody follows."""

    scores: tuple[str, ...]
    span: Span
    job: str
    how: str


class Intake(msgspec.Struct, frozen=True):
    """What a model is given, by a fit or a predict call: the names of all its features in order, empty for one that
    only has a place; `None` if they are not all known.

    `named`: the model sees the names; else only the places count. `picks`: it takes its columns by name, so that more
    of them, or another order, do no harm. `learned` are the fits that the rows went through. `sure`: there is one
    model only that it can be."""

    model: str
    side: str  # fit, predict
    names: tuple[str, ...] | None
    span: Span
    job: str
    endpoint: str = ""  # whose handler does it
    named: bool = True
    picks: bool = False
    learned: tuple[str, ...] = ()
    refits: tuple[str, ...] = ()  # those of `learned` that the same run has fitted, not loaded
    made_of: tuple[str, ...] = ()  # what besides columns went into it: artifacts that it was transformed by ...
    sure: bool = True


class Evaluation(msgspec.Struct, frozen=True):
    """A job that measures data it has read: a metric, a drift report, a check of values."""

    job: str
    span: Span
    what: str  # metric, drift, check, plot


class Handover(msgspec.Struct, frozen=True):
    """A prediction, threshold, log-odds or multiplier that leaves the function that made it for another module as a
    bare float, tuple or dict. `span` is that function; `return_span` what it returns; `receiver` who takes it, in the
    function `receiver_body` or, without one, at the top of a module, while `job` runs."""

    span: Span
    function: str
    what: str  # prediction, threshold ...
    shape: str  # float, array, tuple, dict, list
    model: str
    return_span: Span
    receiver: Span
    receiver_body: Span | None = None
    job: str = ""


class ModelLabel(msgspec.Struct, frozen=True):
    """A stage or alias that code gives to a registered model; a name that is not known holds `{`."""

    model: str
    label: str
    span: Span
    job: str


class Draw(msgspec.Struct, frozen=True):
    """A call that draws by chance, or an object whose fit does. `seed` is the parameter that would seed it, `generator`
    the global generator it draws from instead, if there is one. `seeded`: by either, or it cannot be told. `fits` are
    the fits that drew; `rows` begins the ids of the row sets that were drawn. `once`: one for each module is told."""

    span: Span
    job: str
    what: str
    seed: str
    generator: str
    seeded: bool
    fits: tuple[str, ...] = ()
    rows: str = ""
    trains: bool = False  # a model is made by the draw itself: the first weights of a network
    once: bool = False
    elsewhere: Span | None = None  # where the generator is seeded on some paths only, or too late


class Deployment(msgspec.Struct, frozen=True):
    """A call that registers or deploys a model (`node`). `gates` are the tests that can prevent it: `score` of a metric
    or prediction, `order` (`a < b`, of which no more is known), `unknown`, `check` by a library. `fits` are the fits
    that made the model, as far as they are known there."""

    node: str
    span: Span
    job: str
    order: int
    gates: tuple[str, ...] = ()
    fits: tuple[str, ...] = ()


class Loading(msgspec.Struct, frozen=True):
    """A call that loads what was saved. `name` is as it is asked for; `version` tells what of it: `stage`, `latest`,
    `alias`, `version`, empty for a path or where it cannot be told."""

    node: str
    span: Span
    job: str
    name: str
    version: str = ""
