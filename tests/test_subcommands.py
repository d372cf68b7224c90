"""Commands below a command of argparse: each with arguments of its own, and with defaults that are no other's."""

from __future__ import annotations

from pathlib import Path

import pytest
from linking import edges, linked

CLI = """
import argparse
import pandas as pd

def train(args):
    pd.read_csv(args.data).to_csv(args.output)

def predict(args):
    pd.read_csv(args.data).to_parquet(args.output)

def main():
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", default="common.csv")
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", action="store_true")
    commands = parser.add_subparsers(dest="command")
    one = commands.add_parser("train", parents=[common])
    one.add_argument("--output", default="trained.csv")
    one.set_defaults(func=train)
    two = commands.add_parser("predict", aliases=["p"])
    two.add_argument("--data", default="new.csv")
    two.add_argument("--output", default="predicted.parquet")
    two.set_defaults(func=predict)
    args = parser.parse_args()
    DISPATCH
"""
FUNC = CLI.replace("DISPATCH", "args.func(args)")
BRANCHES = CLI.replace(
    "DISPATCH",
    """if args.command == "train":
        train(args)
    elif args.command == "predict":
        predict(args)
    else:
        parser.print_help()""",
)
GUARD = '\nif __name__ == "__main__":\n    main()\n'
TRAINED = ("file:common.csv", "file:trained.csv")
PREDICTED = ("file:new.csv", "file:predicted.parquet")
FORMS = pytest.mark.parametrize("code", [FUNC, BRANCHES], ids=["set_defaults", "by_name"])


def _between_files(lineage) -> set[tuple[str, str]]:
    return {(a, b) for a, b in edges(lineage) if a.startswith("file:") and b.startswith("file:")}


@FORMS
def test_no_command_gets_the_arguments_of_another(tmp_path: Path, code: str) -> None:
    assert _between_files(linked(tmp_path, {"cli.py": code + GUARD})) == {TRAINED, PREDICTED}


@FORMS
def test_what_is_installed_may_be_given_any_command(tmp_path: Path, code: str) -> None:
    project = '[project]\nname = "p"\n[project.scripts]\np = "p.cli:main"\n'
    files = {"pyproject.toml": project, "p/__init__.py": "", "p/cli.py": code}
    assert _between_files(linked(tmp_path, files)) == {TRAINED, PREDICTED}


@FORMS
def test_a_command_line_gives_its_own_command_arguments(tmp_path: Path, code: str) -> None:
    files = {"cli.py": code + GUARD, "Makefile": "train:\n\tpython cli.py --verbose train --output by_make.csv\n"}
    assert _between_files(linked(tmp_path, files)) == {("file:common.csv", "file:by_make.csv"), PREDICTED}


def test_a_parser_below_in_another_module(tmp_path: Path) -> None:
    files = {"app/__init__.py": "", "app/cli.py": FUNC, "run.py": "from app.cli import main\nmain()\n"}
    assert {TRAINED, PREDICTED} <= _between_files(linked(tmp_path, files))
