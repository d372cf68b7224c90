"""What `[project.scripts]` installs: the function, typer app or click group that the command calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from linking import edges, linked

PROJECT = '[project]\nname = "p"\n[project.scripts]\np = "p.cli:app"\n'
READS = "    pd.read_csv(source).to_csv(target)\n"
TYPER = """
from pathlib import Path
import pandas as pd
import typer

app = typer.Typer()

@app.command("tickers")
def tickers(source: Path = typer.Option("in.csv"), target: Path = typer.Option(Path("made") / "out.csv")):
""" + READS  # fmt: skip
REGISTERED = """
import pandas as pd
import typer

def register(app: typer.Typer) -> None:
    @app.command()
    def tickers(source: str = "in.csv", target: str = typer.Option("made/out.csv")):
        pd.read_csv(source).to_csv(target)

app = typer.Typer()
register(app)
"""
CLICK = """
import click
import pandas as pd

@click.group()
def app():
    pass

@app.command()
@click.option("--source", default="in.csv")
@click.option("--target", default="made/out.csv")
def tickers(source, target):
""" + READS  # fmt: skip
ARGPARSE = """
import argparse
import pandas as pd

def app(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", default="in.csv")
    parser.add_argument("--target", default="made/out.csv")
    args = parser.parse_args(argv)
    pd.read_csv(args.source).to_csv(args.target)
"""
GUARDED = TYPER + '\nif __name__ == "__main__":\n    app()\n'


@pytest.mark.parametrize("code", [TYPER, REGISTERED, CLICK, ARGPARSE, GUARDED])
def test_the_installed_command_is_followed(tmp_path: Path, code: str) -> None:
    lineage = linked(tmp_path, {"pyproject.toml": PROJECT, "src/p/__init__.py": "", "src/p/cli.py": code})
    assert edges(lineage) == {("file:in.csv", "file:made/out.csv")}


@pytest.mark.parametrize("code", [TYPER, CLICK])
def test_commands_that_nothing_in_sight_runs_have_their_defaults(tmp_path: Path, code: str) -> None:
    assert edges(linked(tmp_path, {"p/cli.py": code})) == {("file:in.csv", "file:made/out.csv")}


def test_a_group_that_holds_itself_ends(tmp_path: Path) -> None:
    code = TYPER + '\napp.add_typer(app, name="again")\n'
    lineage = linked(tmp_path, {"pyproject.toml": PROJECT, "p/__init__.py": "", "p/cli.py": code})
    assert not lineage.problems


@pytest.mark.parametrize(
    "names", ["dict.fromkeys(['a', 'b', 'a'])", "list(dict.fromkeys(['a', 'b', 'a']))", "dict.fromkeys(('a', 'b'), 1)"]
)
def test_names_without_those_that_come_twice(tmp_path: Path, names: str) -> None:
    code = f"import pandas as pd\nfor name in {names}:\n    pd.read_csv(f'raw/{{name}}.csv').to_csv('out.csv')\n"
    assert {source for source, _ in edges(linked(tmp_path, {"a.py": code}))} == {"file:raw/a.csv", "file:raw/b.csv"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Makefile", "all:\n\tp --source other.csv --target by_task.csv\n"),
        ("Dockerfile", 'FROM python\nCMD ["uv", "run", "p", "--source", "other.csv", "--target", "by_task.csv"]\n'),
        (
            "job.yml",
            "tasks:\n- task_key: t\n  python_wheel_task:\n    entry_point: p\n"
            "    parameters: [--source, 'file:fuse://other.csv', --target, by_task.csv]\n",
        ),
        (
            "resources/jobs.yml",
            "tasks:\n- task_key: t\n  python_wheel_task:\n    entry_point: p\n"
            "    named_parameters: {source: other.csv, target: by_task.csv}\n",
        ),
    ],
)
def test_commands_give_what_is_installed_its_arguments(tmp_path: Path, path: str, text: str) -> None:
    files = {"pyproject.toml": PROJECT, "p/__init__.py": "", "p/cli.py": ARGPARSE, path: text}
    assert ("file:other.csv", "file:by_task.csv") in edges(linked(tmp_path, files))


def test_a_script_that_a_spark_task_starts(tmp_path: Path) -> None:
    task = "tasks:\n- task_key: t\n  spark_python_task:\n    python_file: ../jobs/run.py\n"
    files = {
        "conf/job.yml": task
        + "    parameters: ['--source=${workspace.file_path}/other.csv', --target, '${var.out}/b.csv']\n",
        "jobs/run.py": ARGPARSE + '\nif __name__ == "__main__":\n    app()\n',
    }
    assert ("file:other.csv", "file:{out}/b.csv") in edges(linked(tmp_path, files))
