"""What tells of a model or of its predictions: `shap.KernelExplainer(predict, background).shap_values(rows)`,
`search.best_params_`."""

from __future__ import annotations

from typing import Any

from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.values import (
    Bound,
    Function,
    Partial,
    Unknown,
    as_measures,
    origins_of,
)
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.learners import network_of
from mllint.linker.python.library.learning import model_origins


def explained(call: Invocation) -> Any:
    """`rows`: made from them and from the model, or function, that the explainer was made with."""
    m, rows = call.m, call.get("rows")
    asked = call.get("self.model|self.0")
    origins = origins_of(rows)
    if isinstance(asked, Function | Bound | Partial):
        origins |= origins_of(m.call(asked, Arguments((rows,)), call.at))
    else:
        network = network_of(m, asked, call.at)
        origins |= model_origins(network) if network is not None else origins_of(asked)
    return Unknown(origins, "an explanation of predictions is not followed", call.span)


def told(call: Invocation) -> Any:
    """Something that tells of its arguments, and holds nothing of them: `search.best_params_`."""
    return Unknown(as_measures(call.origins()))
