"""Macros of widely used dbt packages, as far as they matter for lineage: `libraries/dbt/PACKAGE.sql` has them in
Jinja, written for our interpreter. A project's installed packages are usually not in its repository."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from mllint.linker.jinja.values import Macro


@cache
def shipped(package: str) -> dict[str, Macro]:
    """The macros that we know of a package, by name."""
    from jinja2 import nodes

    from mllint.linker.jinja.syntax import parse

    if not re.fullmatch(r"[a-z_]{1,40}", package):
        return {}
    file = resources.files("mllint.libraries").joinpath("dbt", f"{package}.sql")
    tree = parse(file.read_text(encoding="utf-8")) if file.is_file() else None
    if tree is None:
        return {}
    own = {node.name: Macro(node.name, node, package) for node in tree.body if isinstance(node, nodes.Macro)}
    return {**shipped("dbt"), **own} if package == "dbt_utils" else own  # which had them before dbt did
