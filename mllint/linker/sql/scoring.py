"""Calls in an expression that ask a model: fn_churn(age) of Redshift, eta!PREDICT() of Snowflake, pgml.predict()."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp


def model_asked(node: exp.Expr, functions: Mapping[str, str]) -> str:
    """The id of the model that a call asks, empty if it asks none. `functions` are those of SQL that are models."""
    if isinstance(node, exp.ModelAttribute):
        return f"model:{node.this.name.lower()}" if isinstance(node.expression, exp.Func) else ""
    call = node.expression if isinstance(node, exp.Dot) else node
    name = call.name.lower()
    if isinstance(node, exp.Dot):
        name = f"{node.this.sql().lower()}.{name}"
        if name in ("pgml.predict", "pgml.predict_proba", "pgml.predict_batch") and call.expressions:
            project = call.expressions[0]
            return f"model:{project.name}" if isinstance(project, exp.Literal) else ""
    if not functions:
        return ""
    last = name.rpartition(".")[2]
    near = {model for known, model in functions.items() if known == name or known.rpartition(".")[2] == last}
    return near.pop() if len(near) == 1 else ""


def values_given(node: exp.Expr) -> list[exp.Expr]:
    """The values that the model is given one after the other; empty where it goes by their names."""
    if isinstance(node, exp.ModelAttribute):
        return []
    call = node.expression if isinstance(node, exp.Dot) else node
    values: list[exp.Expr] = call.expressions
    if isinstance(node, exp.Dot) and node.this.name.lower() == "pgml":
        array = values[1] if len(values) > 1 else None
        return array.expressions if isinstance(array, exp.Array) else []
    return values
