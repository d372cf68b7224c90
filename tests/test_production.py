"""Who imports whom, what starts what, and what of it runs in production."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint.lineage.production import production
from mllint.readers.markdown import read
from tests.linking import linked


def test_imports_are_told_with_their_places_wherever_they_stand(tmp_path: Path) -> None:
    lineage = linked(
        tmp_path,
        {
            "pkg/__init__.py": "",
            "pkg/a.py": """
                import os
                from . import b
                from pkg.c import thing

                def late():
                    import importlib
                    import pkg.d
                    return importlib.import_module("pkg.e")
            """,
            "pkg/b.py": "",
            "pkg/c.py": "thing = 1",
            "pkg/d.py": "",
            "pkg/e.py": "",
        },
    )
    found = [(each.span.line, each.target) for each in lineage.observations.imports]
    assert found == [(2, "pkg/b.py"), (3, "pkg/c.py"), (7, "pkg/d.py"), (8, "pkg/e.py")]


def test_a_module_of_a_far_folder_is_imported_only_by_who_puts_it_on_the_path(tmp_path: Path) -> None:
    files = {"notebooks/evaluate.py": "", "jobs/a.py": "import evaluate\n"}
    files["jobs/b.py"] = "import sys\nsys.path.append('notebooks')\nimport evaluate\n"
    imports = linked(tmp_path, files).observations.imports
    assert [(each.span.path, each.target) for each in imports] == [("jobs/b.py", "notebooks/evaluate.py")]


@pytest.mark.parametrize(
    ("path", "text", "by"),
    [
        ("Dockerfile", "FROM x\nCMD python a.py\n", "container"),
        ("compose.yaml", "services:\n  s:\n    image: x\n    command: python a.py\n", "container"),
        ("dvc.yaml", "stages:\n  s:\n    cmd: python a.py\n", "stage"),
        ("MLproject", "entry_points:\n  main:\n    command: python a.py\n", "stage"),
        ("Procfile", "web: python a.py\n", "service"),
        ("pyproject.toml", '[project]\nname = "x"\n[project.scripts]\na = "a:main"\n', "installed"),
        ("setup.py", "setup(entry_points={'console_scripts': ['a = a:main']})\n", "installed"),
        ("Makefile", "a:\n\tpython a.py\n", "command"),
        ("run.sh", "python a.py\n", "command"),
        (".github/workflows/t.yml", "on: [push]\njobs:\n  t:\n    steps:\n    - run: python a.py\n", "job"),
        (
            ".github/workflows/t.yml",
            "on:\n  schedule: [{cron: '0 1 * * *'}]\njobs:\n  t:\n    steps:\n    - run: python a.py\n",
            "stage",
        ),
        (
            ".github/workflows/t.yml",
            "on:\n  push:\n  schedule: [{cron: '0 1 * * *'}]\njobs:\n  t:\n    steps:\n    - run: python a.py\n",
            "job",
        ),
        ("job.yml", "tasks:\n- task_key: t\n  notebook_task: {notebook_path: ./a}\n", "stage"),
        ("pipeline.yaml", "tasks:\n- source: a.py\n  product: o.ipynb\n", "stage"),
        ("other.py", "import subprocess\nsubprocess.run(['python', 'a.py'])\n", "process"),
    ],
)  # fmt: skip
def test_what_starts_a_file_is_told_by_its_kind(tmp_path: Path, path: str, text: str, by: str) -> None:
    starts = linked(tmp_path, {path: text, "a.py": "print(1)\n"}).observations.starts
    assert [(start.path, start.span.path, start.by) for start in starts] == [("a.py", path, by)]


def test_production_goes_on_through_imports_and_processes_and_stops_outside(tmp_path: Path) -> None:
    lineage = linked(
        tmp_path,
        {
            "Dockerfile": "FROM x\nCMD python serve.py\n",
            "serve.py": "import subprocess\nimport helpers\nsubprocess.run(['python', 'job.py'])\n",
            "helpers.py": "import sandbox.tried\nimport tests.fakes\n",
            "job.py": "import deep\n",
            "deep.py": "",
            "sandbox/tried.py": "import further\n",
            "further.py": "",
            "tests/fakes.py": "",
            "alone.py": "",
        },
    )
    chains = production(lineage.observations, lambda path: path.startswith("sandbox/"))
    assert sorted(chains) == ["deep.py", "helpers.py", "job.py", "sandbox/tried.py", "serve.py"]
    assert [step.span.path for step in chains["sandbox/tried.py"].steps] == ["serve.py", "helpers.py"]
    assert chains["deep.py"].start.by == "container"


def test_a_dag_and_a_route_run_in_production_though_nothing_names_their_file(tmp_path: Path) -> None:
    lineage = linked(
        tmp_path,
        {
            "dags/d.py": "from airflow import DAG\ndag = DAG('d')\n",
            "app.py": "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/x')\ndef x():\n    return 1\n",
            "docs/app.py": "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/y')\ndef y():\n    return 1\n",
        },
    )
    assert {path: chain.start.by for path, chain in production(lineage.observations).items()} == {
        "app.py": "service",
        "dags/d.py": "dag",
    }


def test_conversions_are_counted_where_several_folders_know_the_types(tmp_path: Path) -> None:
    files = {
        "io/convert.py": """
            from shapely.geometry import Point, Polygon

            SRID = 4326

            def point(row):
                print(row)
                return Point(row["x"], row["y"])

            def out(polygon: Polygon):
                polygon.normalize()
                return {"area": polygon.area}
        """,
        "train/a.py": "from shapely.geometry import Point\ndef f(p: Point):\n    return p\n",
    }
    assert not linked(tmp_path, files).observations.dealings  # two folders: nobody else knows them
    files["serve/b.py"] = "from shapely.geometry import Point\ndef f(p: Point):\n    return p\n"
    dealing = linked(tmp_path, files).observations.dealings[0]
    assert (dealing.package, dealing.types, dealing.statements) == ("shapely", ("Point", "Polygon"), 5)
    assert [span.line for span in dealing.conversions] == [7, 11]


def test_who_names_an_unread_file_is_noted(tmp_path: Path) -> None:
    files = {
        "a.py": """
            import pandas as pd

            PATH = "out/kept.csv"
            frame = pd.read_csv("in.csv")
            frame.to_csv(PATH)
            upload(PATH)
            frame.to_csv("out/lost.csv")
        """,
        "README.md": "See `out/lost.csv`.\n",
    }
    mentions = linked(tmp_path, files).observations.mentions
    assert [(each.name, each.path, each.times) for each in mentions] == [
        ("lost.csv", "README.md", 1),
        ("kept.csv", "a.py", 2),  # the variable is handed to somebody else too
        ("lost.csv", "a.py", 1),
    ]


def test_a_text_for_people_tells_the_files_it_speaks_of() -> None:
    facts = read("README.md", "markdown", b"Writes `data/x.parquet`, see https://example.com/page.html or e.g. v1.2.\n")
    assert "data/x.parquet" in facts.names
    assert "v1.2" not in facts.names
