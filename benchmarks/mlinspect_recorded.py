"""The operator graphs that mlinspect's tests expect, without mlinspect: which programs they run, what comes out.

Nothing of mlinspect or of the libraries it watches is needed. The tests run with those modules replaced by ones that
take anything and say nothing, except for the constructors of expected operators, which write down what they are given.
A test that builds no operator is no case."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

_TESTS = (
    "test/monkeypatching/test_patch_pandas.py", "test/monkeypatching/test_patch_sklearn.py",
    "test/monkeypatching/test_patch_statsmodels.py", "test/monkeypatching/test_patch_numpy.py",
    "test/example_pipelines/test_patch_healthcare_utils.py",
)  # fmt: skip
_REPLACED = (
    "networkx", "numpy", "pandas", "testfixtures", "matplotlib", "example_pipelines", "example_pipelines.healthcare",
    "mlinspect", "mlinspect.checks", "mlinspect.inspections", "mlinspect.inspections._lineage",
    "mlinspect.instrumentation", "mlinspect.instrumentation._dag_node",
)  # fmt: skip
_MOST_NODES = 100  # of a graph that a test takes nodes out of, by number


class Operator(msgspec.Struct, frozen=True):
    """`kind` is a name of mlinspect's OperatorType; `function` what it watches, class or function."""

    kind: str
    line: int
    function: str = ""
    detail: str = ""
    columns: tuple[str, ...] = ()
    text: str = ""


class Case(msgspec.Struct):
    name: str
    code: str
    operators: dict[int, Operator] = {}
    edges: list[tuple[int, int]] = []


class _Anything:
    """Whatever is asked of it, more of the same."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything()

    def __call__(self, *_: Any, **__: Any) -> Any:
        return _Anything()

    def __getitem__(self, _: Any) -> Any:
        return _Anything()

    def __iter__(self) -> Iterator[Any]:
        return iter([_Anything() for _ in range(_MOST_NODES)])


class _Kinds:
    def __getattr__(self, name: str) -> str:
        return name


class _Recorder:
    """What stands for mlinspect while one test runs."""

    def __init__(self) -> None:
        self.case = Case("", "")

    def run(self, *_: Any, python_code: str = "", **__: Any) -> Any:
        self.case.code = self.case.code or python_code
        return _Anything()

    def node(self, number: int, place: int, context: tuple[str, str], details: Any, text: str = "") -> int:
        kind, function = context
        detail = details[0] if isinstance(details[0], str) else ""
        self.case.operators[number] = Operator(kind, place, function, detail, tuple(map(str, details[1])), text)
        return number

    def edge(self, start: int, end: int) -> None:
        self.case.edges.append((start, end))

    def modules(self) -> dict[str, Any]:
        fakes: dict[str, Any] = {name: _Anything() for name in _REPLACED}
        known = {
            "OperatorType": _Kinds(),
            "DagNode": self.node,
            "BasicCodeLocation": lambda _file, line: line,
            "OperatorContext": lambda kind, function: (kind, function or ""),
            "FunctionInfo": lambda module, name: name if name[:1].isupper() else f"{module}.{name}",
            "OptionalCodeInfo": lambda _place, text: text,
            "CodeReference": lambda *_: None,
            "DagNodeDetails": lambda detail, columns=(), *_: (detail, columns),
        }
        for name in ("mlinspect", "mlinspect.instrumentation._dag_node"):
            for key, value in known.items():
                setattr(fakes[name], key, value)
        singleton = types.SimpleNamespace(run=self.run)
        fakes["mlinspect.instrumentation"]._pipeline_executor = types.SimpleNamespace(singleton=singleton)
        fakes["networkx"].DiGraph = lambda: types.SimpleNamespace(add_edge=self.edge, add_node=_Anything(), nodes=[])
        return fakes


def recorded(clone: Path) -> Iterator[Case]:
    for path in _TESTS:
        recorder = _Recorder()
        with patch.dict(sys.modules, recorder.modules()):
            spec = importlib.util.spec_from_file_location(f"oracle_{Path(path).stem}", clone / path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            vars(module)["filter_dag_for_nodes_with_ids"] = _Anything()  # it counts nodes of a graph that never was
            for name, test in sorted(vars(module).items()):
                if isinstance(test, types.FunctionType) and name.startswith("test_"):
                    recorder.case = Case(name, "")
                    with suppress(AssertionError):  # about results that were never made; the operators stand before
                        test()
                    if recorder.case.operators and recorder.case.code:
                        yield recorder.case
