"""Operators of ML pipelines, ours against those that mlinspect extracts by running the pipelines.

    git clone --depth 1 https://github.com/stefan-grafberger/mlinspect
    python benchmarks/mlinspect_oracle.py mlinspect [--verbose] [--at-least 0.9]

Two oracles. The four example pipelines have a picture of their operators (`mlinspect_drawn.py`), and some forty tests
run a short program and say which operators come out (`mlinspect_recorded.py`): these test files are run, with
nothing of mlinspect or pandas behind them.

An operator is reproduced if what mllint says of the same program contains it:

    DATA_SOURCE               a read in that line, or rows that the code itself writes down or draws there
    SELECTION                 a row set taken from another in that line
    PROJECTION, _MODIFY, JOIN each of its columns reaches a model, is given to one, or stands in the file written
    GROUP_BY_AGG              what a group is reduced to, in that line
    TRAIN_TEST_SPLIT          that part of a split in that line
    TRANSFORMER, ESTIMATOR    a fit of that class
    TRAIN_DATA, TRAIN_LABELS  the features, the label of the model
    TEST_DATA                 a score in that line, of a model that is given those columns there
    SCORE                     a score in that line, on other rows than the model was fitted on

`step` is a transformer inside a Pipeline or ColumnTransformer of which mllint tells the fit of the whole alone.
`silent` are operators that no part of the graph has a word for: see `SILENT`. The short programs with nothing but
frames read their rows from files and write their last frame to one, so that there is something to compare."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mlinspect_drawn import DRAWN, EXPECTED
from mlinspect_recorded import Case, Operator, recorded

from mllint import session
from mllint.lineage.lineage import Lineage
from mllint.lineage.trials import Fitting, Measuring

SILENT = {
    "CONCATENATION": "columns of a model are a set; that they are put together is no step of its own",
    "TRANSFORM": "a fitted step is applied: part of the score or prediction that it is made for",
    "TEST_LABELS": "a score knows its rows, not which column it was held against",
    "": "nothing is made of the frame, neither a model nor a file; or the test leaves out which columns lead here",
}
_GIVEN = ("TRAIN_DATA", "TRAIN_LABELS", "TEST_DATA")
_COLUMNS = ("PROJECTION", "PROJECTION_MODIFY", "JOIN")
_WHOLES = ("Pipeline", "ColumnTransformer")
_UNNAMED = {"array", "_1", ""}  # how mlinspect calls what has no name


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--at-least", type=float, default=0.0)
    args = parser.parse_args()
    kinds: dict[str, Counter[str]] = {}
    programs: dict[str, Counter[str]] = {}
    for program, operator, verdict in verdicts(args.clone):
        kinds.setdefault(operator.kind, Counter())[verdict] += 1
        programs.setdefault(program, Counter())[verdict] += 1
        if args.verbose and verdict == "no":
            print(f"{program}:{operator.line} {operator.kind} {operator.function} {','.join(operator.columns)}")
    for title, counts in (("program", programs), ("operator", kinds)):
        print(f"\n{title:24} {'expected':>8} {'found':>6} {'step':>6} {'missed':>6} {'silent':>6}")
        for name, count in counts.items():
            print(f"{name:24} {count.total():8}" + "".join(f" {count[v]:6}" for v in ("yes", "step", "no", "silent")))
    total = sum(kinds.values(), Counter[str]())
    said = total.total() - total["silent"]
    share = total["yes"] / said
    print(f"\n{total['yes']} of {said} = {share:.3f}; {total['step']} are steps; {total['silent']} more are silent")
    return 0 if share >= args.at_least else 1


def verdicts(clone: Path) -> Iterator[tuple[str, Operator, str]]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(clone / "example_pipelines", root / "example_pipelines")
        shutil.copytree(clone / "mlinspect" / "utils", root / "mlinspect" / "utils")
        cases = list(recorded(clone))
        for case in cases:
            (root / f"{case.name}.py").write_text(with_files(root, case), "utf-8")
        lineage = session.graph(root, use_cache=False, jobs=1)
    for name, text in DRAWN.items():
        operators = [_drawn(line.split()) for line in text.strip().splitlines()]
        assert len(operators) == EXPECTED[name]
        program = Program(lineage, f"example_pipelines/{name}/{name}.py")
        yield from ((name, operator, program.verdict(operator)) for operator in operators)
    for case in cases:
        program = Program(lineage, f"{case.name}.py")
        yield from (("tests", operator, program.verdict(operator)) for operator in _asked(case))


# --------------------------------------------------------------------------------------------------- their side


def _drawn(words: list[str]) -> Operator:
    about = words[2] if len(words) > 2 else ""
    if words[0] in ("TRANSFORMER", "ESTIMATOR", "TRANSFORM", "TRAIN_TEST_SPLIT"):
        return Operator(words[0], int(words[1]), about, about)
    return Operator(words[0], int(words[1]), columns=tuple(filter(None, about.split(","))))


def _asked(case: Case) -> Iterator[Operator]:
    """The operators of a test, with the columns that lead to each fit and score, as far as these are told."""
    for number, operator in case.operators.items():
        kind, columns = operator.kind, operator.columns
        if kind in (*_GIVEN, "PROJECTION_MODIFY"):
            columns = tuple(sorted(_nearest(case, number)))
        if kind == "TRANSFORMER" and "fit" not in operator.detail:
            kind = "TRANSFORM"
        detail = "train" if "Train" in operator.detail else "test"
        if number == max(case.operators) and operator.function.startswith("pandas."):
            detail = "last"  # the frame that is written
        yield Operator(kind, operator.line, operator.function, detail, columns)


def _nearest(case: Case, number: int) -> set[str]:
    """The columns of an operator, or of the nearest before it that have names."""
    operator = case.operators.get(number)
    named = set(operator.columns) - _UNNAMED if operator is not None else set()
    return named or {column for start, end in case.edges if end == number for column in _nearest(case, start)}


def with_files(root: Path, case: Case) -> str:
    """The program; one of frames alone with its sources read from files, and its last frame written to a file."""
    made = [operator for operator in case.operators.values() if operator.kind != "DATA_SOURCE"]
    if not made or not all(operator.function.startswith("pandas.") for operator in made):
        return case.code
    code = case.code
    for number, operator in case.operators.items():
        if operator.function == "DataFrame":
            path = f"{case.name}_{number}.csv"
            (root / path).write_text(",".join(operator.columns) + "\n", "utf-8")
            lines = "\n" * operator.text.count("\n")
            code = code.replace(operator.text, f'pd.read_csv("{path}"{lines})', 1)
    last = max(operator.line for operator in case.operators.values())
    variable = re.match(r"\s*(\w+)", code.splitlines()[last - 1])
    return f'{code}\n{variable[1] if variable else "df"}.to_csv("{case.name}.out.csv", index=False)\n'


# ------------------------------------------------------------------------------------------------------ our side


class Program:
    """What mllint says of one program."""

    def __init__(self, lineage: Lineage, path: str) -> None:
        seen, graph = lineage.observations, lineage.graph
        trials = self.trials = seen.trials
        self.fits = [fit for fit in trials.fittings.values() if fit.job == path]
        self.models = {fit.model for fit in self.fits}
        self.classes = {fit: str(graph.nodes[fit.model].attributes.get("class", "")) for fit in self.fits
                        if fit.model in graph.nodes}  # fmt: skip
        self.features = {f.name for f in seen.features if f.job == path}
        self.labels = {str(graph.nodes[m].attributes.get("label", "")) for m in self.models if m in graph.nodes}
        self.given = [intake for intake in seen.intakes if intake.job == path]
        self.scores = [score for score in trials.measurings.values() if score.job == path]
        sets = [s for s in trials.row_sets.values() if s.span is not None and s.span.path == path]
        self.sets = {(s.how, s.part, s.span.line) for s in sets if s.span is not None}
        self.read = {access.span.line for access in seen.accesses if access.job == path and access.is_read}
        self.read |= {edge.read.line for edge in graph.edges() if edge.job == path and edge.read is not None}
        self.written = {column.split("#")[-1] for edge in graph.edges() if edge.job == path
                        for column in graph.columns(edge.target)}  # fmt: skip
        self.taught = {edge.source.split("#")[-1] for edge in graph.edges() if edge.job == path and "#" in edge.source}

    def verdict(self, operator: Operator) -> str:
        if operator.kind in SILENT:
            return "silent"
        if operator.kind in _COLUMNS and not self.fits and not self.written:
            return "silent"
        if operator.kind in (*_COLUMNS, *_GIVEN) and not set(operator.columns) - _UNNAMED:
            return "silent"
        if self.has(operator):
            return "yes"
        is_step = operator.kind == "TRANSFORMER" and any(fit.what in _WHOLES for fit in self.fits)
        return "step" if is_step else "no"

    def has(self, wanted: Operator) -> bool:
        columns = set(wanted.columns) - _UNNAMED
        match wanted.kind:
            case "DATA_SOURCE":
                made = {("source", "", wanted.line), ("drawn", "", wanted.line)}
                return wanted.line in self.read or bool(made & self.sets)
            case "SELECTION":
                return ("some", "", wanted.line) in self.sets
            case "PROJECTION" | "PROJECTION_MODIFY" | "JOIN":
                if wanted.detail == "last":
                    return columns == self.written
                given = {name for intake in self.given for name in intake.names or ()}
                inputs = {i.name for fit in self.fits for i in fit.inputs}
                return columns <= given | inputs | self.features | self.labels | self.written | self.taught
            case "GROUP_BY_AGG":
                return any(fit.learns == "group" and fit.span.line == wanted.line for fit in self.fits)
            case "TRAIN_TEST_SPLIT":
                return ("part", wanted.detail, wanted.line) in self.sets
            case "TRANSFORMER" | "ESTIMATOR":
                return any(self.is_of(fit, wanted) for fit in self.fits)
            case "TRAIN_DATA":
                return columns == self.features or any(columns == set(i.names or ()) for i in self.given)
            case "TRAIN_LABELS":
                return bool(columns) and columns <= self.labels
            case "TEST_DATA":
                given = {name for i in self.given if i.span.line == wanted.line for name in i.names or ()}
                return columns <= given and any(score.span.line == wanted.line for score in self.scores)
            case "SCORE":
                return any(self.is_held_out(score) for score in self.scores if score.span.line == wanted.line)
        return False

    def is_held_out(self, score: Measuring) -> bool:
        fits = [fit for fit in self.fits if fit.id in score.fits]
        return bool(fits) and all(self.trials.are_apart(fit.rows, score.rows) for fit in fits)

    def is_of(self, fit: Fitting, wanted: Operator) -> bool:
        is_model = fit.learns == "model"
        names = {fit.what, self.classes.get(fit, "").rpartition(".")[2]}
        name = wanted.function.removesuffix(".fit").rpartition(".")[2]
        return is_model == (wanted.kind == "ESTIMATOR") and name in names


if __name__ == "__main__":
    sys.exit(main())
