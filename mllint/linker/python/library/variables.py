"""Variables of the environment: what a run, a `.env` file or a container gives them."""

from __future__ import annotations

from typing import Any

from mllint.linker.containers import surroundings
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.values import Constant, Unknown, join_all, text_of
from mllint.linker.python.library import config
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import HERE

_MOST_VALUES = 3  # of an environment variable


def environment(call: Invocation) -> Any:
    """An environment variable: what the run gives it, else its default, or something unknown. A name that is set in a
    `.env` file is known."""
    name = text_of(call.get("key"))
    default = call.get("default")
    has_default = default is not None and not (isinstance(default, Constant) and default.value is None)
    given = call.m.variable(name, has_default) if name is not None else None
    if given is not None:
        return texts.word(given)
    values: list[Any] = []
    if name is not None:
        for file in call.m.project.of_kind("env"):
            if file.config is not None and file.config.documents:
                found = config.lookup(file.config.documents[0], name)
                if found is not None and isinstance(found.value, str) and found.value:
                    values.append(Constant(found.value))
    if has_default:
        values.append(default)
    # the address of a service by default is for those who try things out; where it runs, it is told another
    is_address = len(values) == 1 and (text_of(default) or "").startswith(("http://", "https://"))
    if name is not None and (not values or is_address) and (held := _of_containers(call, name)) is not None:
        return held
    platform = call.m.library.variable(name) if name is not None and not values else None
    if platform is not None:
        return Constant(HERE if platform == "." else platform)
    return join_all(
        [
            *values,
            Unknown(
                why=f"the environment variable `{name or '?'}` has no value in the repository",
                span=call.span,
                is_alternative=bool(values),
            ),
        ]
    )


def _of_containers(call: Invocation, name: str) -> Any:
    """What the containers that have the file give a variable; `None` where they do not, or differ widely."""
    found = surroundings(call.m.project.containers, call.m.effects.path, name)
    values = [Constant(HERE + text[1:]) if text.startswith("./") else texts.word(text) for text in found]
    return join_all(values) if 0 < len(values) <= _MOST_VALUES else None
