"""The names under which library models speak of what orchestrators do (`computes:`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.linker.python.invocation import Invocation
from mllint.linker.python.orchestration import kedro

TABLE: dict[str, Callable[[Invocation], Any]] = {
    "kedro_node": kedro.node,
    "kedro_pipeline": kedro.pipeline,
}
