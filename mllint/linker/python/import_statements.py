"""`import a.b` and `from a import b`: modules of the repository, and names of libraries."""

from __future__ import annotations

from typing import Any

from mllint.facts import python as facts
from mllint.linker.python import calls, iteration
from mllint.linker.python.abstract.values import External, Module, text_of
from mllint.linker.python.machine import Machine
from mllint.linker.python.operations import attribute


def run_import(m: Machine, s: facts.Import) -> bool:
    for alias in s.names:
        module = m.imports.find(alias.name, m.now.path)
        if alias.asname is None and "." in alias.name:
            # `import a.b` binds `a`
            top = alias.name.partition(".")[0]
            if module is not None:
                calls.load_module(m, module)
            package = m.imports.find(top, m.now.path)
            if package is not None:
                m.assign(top, calls.load_module(m, package))
            elif module is not None:
                m.assign(top, External(top))
            else:
                m.assign(top, External(top))
            continue
        value: Any = External(alias.name) if module is None else calls.load_module(m, module)
        m.assign(alias.asname or alias.name, value)
    return True


def run_import_from(m: Machine, s: facts.ImportFrom) -> bool:
    dotted = m.imports.absolute(s.module, s.level, m.now.path)
    path = m.imports.find(dotted, m.now.path)
    module: Any = calls.load_module(m, path) if path is not None else None
    for alias in s.names:
        if alias.name == "*":
            if isinstance(module, Module):
                for name in _exported(m, module, s.at):
                    m.assign(name, module.scope.slots[name])
            else:  # of a library: what it binds is seen where it is used
                stars = m.now.scope.slots.get("<stars>", ())
                m.heap.set(m.now.scope, "<stars>", (*(star for star in stars if star != dotted), dotted))
            continue
        m.assign(alias.asname or alias.name, _member(m, dotted, path, module, alias.name, s.at))
    return True


def _exported(m: Machine, module: Module, at: facts.At) -> list[str]:
    """The names that `from module import *` binds."""
    slots = module.scope.slots
    listed = iteration.items_of(m, slots["__all__"], at).known if "__all__" in slots else None
    if listed is not None:
        return [name for item in listed if (name := text_of(item)) in slots and name is not None]
    return [name for name in slots if not name.startswith(("_", "<"))]


def _member(m: Machine, dotted: str, path: str | None, module: Any, name: str, at: facts.At) -> Any:
    if isinstance(module, Module) and name in module.scope.slots:
        return module.scope.slots[name]
    below = m.imports.find(f"{dotted}.{name}" if dotted else name, m.now.path)
    if below is not None:
        return calls.load_module(m, below)
    if isinstance(module, Module):
        return attribute(m, module, name, at)
    return attribute(m, External(dotted), name, at) if dotted else External(name)
