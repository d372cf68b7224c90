"""Leaks that our rules find, against the labels of the tests of `leakage-analysis` (Yang et al., ASE 2022).

    git clone https://github.com/malusamayo/leakage-analysis
    python benchmarks/leakage_oracle.py leakage-analysis [--verbose] [--scored] [--at-least 0.9]

Its tests name, for one kind of leak, the models of a script that leak: `template("nb_504.py", ["model_0"])`. A script
is compared as a whole: whether there is such a leak in it; and, where both say so, whether a finding names a model
that the label names (a class that its types do not tell is `Unknown` there, and fits all). Its tests are read, not
run; each script is checked alone, under another name, because rules leave tests alone. The tests label no leak of
several uses of one test set: what we say where there is no label is listed and not scored.

`JUDGED` lists where the two differ and why ours stays as it is; the last figure counts these as right. A leak needs a
score that it flatters, and five scripts only predict. `--scored` adds the score to these, to see that nothing else is
amiss.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

_KINDS = {"preprocessing": "ML901", "overlap": "ML902", "multi-test": "ML905"}
_MODEL = re.compile(r"`(\w+)` is (?:scored|trained)")

_UNSCORED = {
    "test0.py": "clf.score(X_test, y_test)",
    "test1.py": "clf.score(X_test, y_test)",
    "test2.py": "clf.score(X_test, y_test)",
    "titanic0.py": "clf.score(X_test, test['Survived'])",
    "testOversampler.py": "model.score(X_test, y_test)",
}
JUDGED = {
    **dict.fromkeys(_UNSCORED, "predicts, and scores nothing"),
    "nb_1080148.py": "the only call leaves `standardize` False: the mean is never taken",
    "nb_1090319.py": "`pd.cut` at bounds that are written down learns nothing",
    "nb_1255091.py": "what `pd.qcut` makes is dropped before the split",
}


class Case(msgspec.Struct):
    script: str
    kind: str
    models: set[str]  # that leak, by the label
    found: list[str] = []  # our findings

    @property
    def outcome(self) -> str:
        return ("T" if bool(self.models) == bool(self.found) else "F") + ("P" if self.found else "N")

    @property
    def is_named(self) -> bool:
        """Whether a finding names one of the models."""
        ours = {model for message in self.found for model in _MODEL.findall(message)}
        return "Unknown" in self.models or not ours.isdisjoint(self.models)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path)
    parser.add_argument("--verbose", action="store_true", help="list all scripts, not only where the two differ")
    parser.add_argument("--scored", action="store_true")
    parser.add_argument("--at-least", type=float, default=0.0)
    args = parser.parse_args()
    cases = [case for kind in ("preprocessing", "overlap") for case in labelled(args.clone, kind)]
    findings = {path.name: check(path, args.scored) for path in sorted((args.clone / "tests/inputs").glob("*.py"))}
    print(f"{'kind':14} {'scripts':>7} {'TP':>3} {'FP':>3} {'FN':>3} {'TN':>3} precision recall model named, judged")
    worst = 1.0
    for kind in ("preprocessing", "overlap"):
        asked = [case for case in cases if case.kind == kind]
        for case in asked:
            case.found = findings[case.script].get(_KINDS[kind], [])
        worst = min(worst, figures(kind, asked))
    for case in cases:
        if case.outcome[0] == "F" or args.verbose:
            why = JUDGED.get(case.script, "?") if case.outcome[0] == "F" else ""
            print(case.outcome, case.kind, case.script, sorted(case.models), case.found, why)
    labels = {(case.script, _KINDS[case.kind]) for case in cases}
    for script, found in findings.items():
        for code in sorted(found):
            if (script, code) not in labels:
                print("without a label:", code, script, found[code])
    return 0 if worst >= args.at_least else 1


def labelled(clone: Path, kind: str) -> list[Case]:
    """The calls `template("script.py", ["Model.fit"])` of the tests of one kind."""
    tree = ast.parse((clone / "tests" / f"test_{kind}.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and len(node.args) == 2]
    return [
        Case(ast.literal_eval(call.args[0]), kind, {name.split(".")[0] for name in ast.literal_eval(call.args[1])})
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "template"
    ]


def check(script: Path, scored: bool) -> dict[str, list[str]]:
    """What our rules say of one script, by their codes."""
    with tempfile.TemporaryDirectory() as folder:
        text = script.read_text()
        if scored and script.name in _UNSCORED:
            text += f"\nprint({_UNSCORED[script.name]})\n"
        Path(folder, "notebook.py").write_text(text)
        command = [sys.executable, "-m", "mllint", "check", folder, "--format", "json", "--no-cache"]
        run = subprocess.run(
            [*command, "--select", ",".join(_KINDS.values())], capture_output=True, text=True, check=False
        )
    found: dict[str, list[str]] = {}
    for finding in json.loads(run.stdout)["findings"]:
        found.setdefault(finding["code"], []).append(f"{finding['span']['line']}: {finding['message']}")
    return found


def figures(kind: str, cases: list[Case]) -> float:
    """Print one row; the part that is right, with the judged."""
    counts = Counter(case.outcome for case in cases)
    positives, leaks = counts["TP"] + counts["FP"], counts["TP"] + counts["FN"]
    precision = counts["TP"] / positives if positives else 1.0
    recall = counts["TP"] / leaks if leaks else 1.0
    named = sum(case.is_named for case in cases if case.outcome == "TP")
    right = sum(case.outcome[0] == "T" or case.script in JUDGED for case in cases)
    row = " ".join(f"{counts[outcome]:3}" for outcome in ("TP", "FP", "FN", "TN"))
    print(f"{kind:14} {len(cases):7} {row} {precision:9.2f} {recall:6.2f} {named}/{counts['TP']} {right}/{len(cases)}")
    return right / len(cases)


if __name__ == "__main__":
    sys.exit(main())
