"""Jobs that measure data: what they import and use to compute metrics, drift and checks, or to draw.

from sklearn.metrics import roc_auc_score     # ... roc_auc_score(both["label"], both["score"])
"""

from __future__ import annotations

from collections.abc import Iterator

from mllint.facts import python as facts
from mllint.facts.file import FileFacts
from mllint.lineage.observations import Evaluation
from mllint.linker.project import Project
from mllint.linker.python.machine import Machine
from mllint.source import Span

_MEASURES = {
    "metric": ("sklearn.metrics", "sklearn.calibration", "sklearn.inspection", "torchmetrics", "yellowbrick", "shap"),
    "drift": ("evidently", "whylogs", "deepchecks", "nannyml", "alibi_detect", "scipy.stats"),
    "check": ("great_expectations", "pandera", "pandas.testing"),
    "plot": ("matplotlib", "seaborn", "plotly", "altair", "bokeh"),
}


def evaluate_jobs(project: Project, m: Machine) -> None:
    """Fill in the observed evaluations: one for each file and kind, where the file imports what it measures with."""
    for file in project.of_kind("python", "notebook"):
        kinds = set()
        for module, at in _imports(file):
            kind = next((k for k, prefixes in _MEASURES.items() if _is_one_of(module, prefixes)), "")
            if kind and kind not in kinds:
                kinds.add(kind)
                span: Span = m.span(at, file.path)
                project.observations.evaluations.append(Evaluation(file.path, span, kind))


def _imports(file: FileFacts) -> Iterator[tuple[str, facts.At]]:
    for statement in file.python.body if file.python is not None else ():
        match statement:
            case facts.Import(names=names):
                yield from ((alias.name, statement.at) for alias in names)
            case facts.ImportFrom(module=module, level=0, names=names):
                yield from ((f"{module}.{alias.name}", statement.at) for alias in names)


def _is_one_of(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)
