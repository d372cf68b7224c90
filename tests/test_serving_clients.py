"""Who asks an endpoint by a command, what commands fetch and bring, and how notebooks and processes start others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.linking import columns, edges, linked

APP = """
    import joblib
    from fastapi import FastAPI
    app = FastAPI()
    model = joblib.load("eta.joblib")
    @app.post("/v1/eta")
    def eta(km: float):
        return model.predict([[km]])[0]
    @app.get("/trips/{id}")
    def trip(id: int):
        return model.predict([[id]])[0]
    """
WORKFLOW = "jobs:\n  smoke:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          sleep 5\n          {}\n"


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        (
            "curl -s -X POST -H 'Content-Type: application/json' -d '{\"km\": 3}' http://localhost:8000/v1/eta",
            "POST /v1/eta",
        ),
        ('curl --json @trip.json "$HOST/v1/eta"', "POST /v1/eta"),
        ("curl -sf 127.0.0.1:8000/trips/7", "GET /trips/{id}"),
        ("curl -fsS -o /dev/null http://eta:8000/trips/7?full=1", "GET /trips/{id}"),
        ("wget -qO- --post-data='km=3' http://localhost:8000/v1/eta", "POST /v1/eta"),
        ("http :8000/v1/eta km:=3", "POST /v1/eta"),
        ("http GET localhost:8000/trips/7", "GET /trips/{id}"),
        ("hey -m POST -n 100 -d '{}' http://localhost:8000/v1/eta", "POST /v1/eta"),
    ],
)
@pytest.mark.parametrize("path", ["smoke.sh", "Makefile", ".github/workflows/ci.yml"])
def test_a_command_that_asks_a_route_is_a_consumer(command: str, asked: str, path: str, tmp_path: Path) -> None:
    texts = {
        "smoke.sh": f"#!/bin/bash\nset -e\n{command}\n",
        "Makefile": f"smoke:\n\t{command.replace('$', '$$')}\n",
        ".github/workflows/ci.yml": WORKFLOW.format(command),
    }
    found = edges(linked(tmp_path, {"app.py": APP, path: texts[path]}))
    asking = {edge for edge in found if edge[0].startswith("endpoint") and edge[1].startswith("consumer")}
    assert asking == {(f"endpoint:{asked}", f"consumer:{path}")}


@pytest.mark.parametrize(
    "command",
    [
        "curl https://example.com/v1/eta -d x",  # of somebody else
        "curl http://localhost:8000/v1/eta",  # a GET, of a route that takes none
        "curl -d x http://localhost:8000/v2/eta",
        "echo curl -d x http://localhost:8000/v1/eta",
        "curl -H http://localhost:8000/v1/eta",
    ],
)
def test_a_command_that_asks_something_else_is_none(command: str, tmp_path: Path) -> None:
    found = edges(linked(tmp_path, {"app.py": APP, "smoke.sh": f"{command}\n"}))
    assert not [edge for edge in found if edge[1] == "consumer:smoke.sh"]


def test_a_dockerfile_asks_whether_its_service_lives(tmp_path: Path) -> None:
    docker = "FROM python:3.12\nCOPY app.py .\nRUN curl -f http://localhost:8000/trips/1\nCMD uvicorn app:app\n"
    found = edges(linked(tmp_path, {"app.py": APP, "Dockerfile": docker}))
    assert ("endpoint:GET /trips/{id}", "consumer:Dockerfile") in found


# ------------------------------------------------------------------------------------------------- transfers

TRAIN = "import pandas as pd\npd.read_csv('data/trips.csv').to_csv('out/clean.csv')\n"


@pytest.mark.parametrize(
    ("path", "text", "edge"),
    [
        ("get.sh", "curl -Lo data/trips.csv https://e.org/t.csv?k=1\n", ("https://e.org/t.csv", "file:data/trips.csv")),
        ("get.sh", "cd data && wget https://e.org/trips.csv\n", ("https://e.org/trips.csv", "file:data/trips.csv")),
        ("Makefile", "get:\n\twget -P data https://e.org/trips.csv\n",
         ("https://e.org/trips.csv", "file:data/trips.csv")),
        ("get.sh", "aws s3 cp s3://rides/trips.csv data/\n", ("s3://rides/trips.csv", "file:data/trips.csv")),
        ("put.sh", "aws s3 cp out/clean.csv s3://b/c/ --quiet\n", ("file:out/clean.csv", "s3://b/c/clean.csv")),
        ("put.sh", "gsutil cp out/clean.csv gs://rides/c.csv\n", ("file:out/clean.csv", "gs://rides/c.csv")),
        ("Dockerfile", "FROM x\nWORKDIR /app\nCOPY . /app\nRUN curl -so data/trips.csv https://e.org/t.csv\n",
         ("https://e.org/t.csv", "file:data/trips.csv")),
        (".github/workflows/ci.yml", WORKFLOW.format("wget -O data/trips.csv https://e.org/t.csv"),
         ("https://e.org/t.csv", "file:data/trips.csv")),
        ("buildspec.yml", "phases:\n  build:\n    commands:\n      - aws s3 cp s3://b/t.csv data/trips.csv\n",
         ("s3://b/t.csv", "file:data/trips.csv")),
    ],
)  # fmt: skip
def test_what_commands_fetch_and_bring_joins_the_files_of_code(
    path: str, text: str, edge: tuple[str, str], tmp_path: Path
) -> None:
    lineage = linked(tmp_path, {"train.py": TRAIN, path: text})
    assert edge in edges(lineage)
    if edge[1] == "file:data/trips.csv":
        assert lineage.graph.nodes[edge[0]].kind == "source"
        assert lineage.graph.nodes[edge[1]].kind == "dataset"


@pytest.mark.parametrize(
    "text",
    [
        "curl -O https://bootstrap.pypa.io/get-pip.py\n",
        "aws s3 cp a.zip s3://b/\n",
        "aws s3 cp --recursive data s3://b/\n",
    ],
)
def test_what_no_code_reads_or_writes_is_no_dataset(text: str, tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"train.py": TRAIN, "get.sh": text})
    assert set(lineage.graph.nodes) == {"file:data/trips.csv", "file:out/clean.csv"}


def test_a_build_of_codebuild_starts_scripts_with_their_arguments(tmp_path: Path) -> None:
    files = {
        "train.py": "import sys\nimport pandas as pd\npd.read_csv(sys.argv[1]).to_csv('o.csv')\n",
        "buildspec.yml": "phases:\n  build:\n    commands:\n      - python train.py a.csv\n",
    }
    assert ("file:a.csv", "file:o.csv") in edges(linked(tmp_path, files))


# ------------------------------------------------------------------------------------------------- notebooks


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4})


def test_names_flow_between_a_notebook_and_those_that_it_runs(tmp_path: Path) -> None:
    files = {
        "nb/main.ipynb": notebook("folder = '../data'", "%run ./load-trips", "keep(df).to_csv('o.csv')"),
        "nb/load-trips.ipynb": notebook(
            "%run ../shared/helpers", "import pandas as pd\ndf = pd.read_csv(f'{folder}/a.csv')"
        ),
        "shared/helpers.py": "def keep(frame):\n    return frame[['km']]\n",
    }  # fmt: skip
    lineage = linked(tmp_path, files)
    assert edges(lineage) == {("file:data/a.csv", "file:nb/o.csv")}
    assert columns(lineage, "file:nb/o.csv") == {"km"}


def test_notebooks_that_run_each_other_end(tmp_path: Path) -> None:
    files = {"a.ipynb": notebook("%run b.ipynb", "import pandas as pd\npd.read_csv('a.csv').to_csv('b.csv')"),
             "b.ipynb": notebook("%run a.ipynb"), "c.ipynb": notebook("%run c.ipynb", "%run gone.ipynb")}  # fmt: skip
    assert edges(linked(tmp_path, files)) == {("file:a.csv", "file:b.csv")}


def test_arguments_of_a_notebook_that_runs_by_itself_are_its_widgets(tmp_path: Path) -> None:
    files = {
        "jobs/main.py": """
            # Databricks notebook source
            # MAGIC %run ../conf

            # COMMAND ----------
            for zone in ("north", "south"):
                dbutils.notebook.run("score", 600, {"zone": zone, "day": str(today())})
            dbutils.notebook.run("/Repos/me/rides/jobs/report", 600)
            """,
        "conf.py": "# Databricks notebook source\nroot = '/mnt/rides'\n",
        "jobs/score.py": """
            # Databricks notebook source
            # MAGIC %run ../conf

            # COMMAND ----------
            dbutils.widgets.text("zone", "all")
            zone = dbutils.widgets.get("zone")
            spark.read.csv(f"{root}/{zone}.csv").write.csv(f"{root}/scores/{zone}.csv")
            """,
        "jobs/report.py": """
            # Databricks notebook source
            spark.read.csv("/mnt/rides/scores/north.csv").write.csv("/mnt/rides/report.csv")
            """,
    }
    assert edges(linked(tmp_path, files)) == {
        ("file:/mnt/rides/north.csv", "file:/mnt/rides/scores/north.csv"),
        ("file:/mnt/rides/south.csv", "file:/mnt/rides/scores/south.csv"),
        ("file:/mnt/rides/scores/north.csv", "file:/mnt/rides/report.csv"),
    }


# ------------------------------------------------------------------------------------------------- processes


@pytest.mark.parametrize(
    "start",
    [
        "for step in ('prepare.py',):\n    subprocess.run([sys.executable, step, '--data', 'a.csv'], check=True)",
        "subprocess.Popen(f'{sys.executable} -m jobs.prepare --data a.csv', shell=True)",
        "here = os.path.dirname(__file__)\n"
        "subprocess.check_call(['python3', os.path.join(here, 'prepare.py'), '--data', 'a.csv'])",
        "def run(line):\n    subprocess.run(line.split(), check=True)\nrun('python jobs/prepare.py --data a.csv')",
        "os.execv(sys.executable, [sys.executable, 'prepare.py', '--data', 'a.csv'])",
        "print(subprocess.getoutput('cd jobs && python prepare.py --data ../a.csv'))",
        "os.system('bash run.sh a.csv')",
    ],
)
def test_processes_get_their_arguments(start: str, tmp_path: Path) -> None:
    prepare = """
        import argparse
        import pandas as pd
        parser = argparse.ArgumentParser()
        parser.add_argument("--data", default="other.csv")
        pd.read_csv(parser.parse_args().data).to_csv("out.csv")
        """
    files = {"jobs/main.py": f"import os\nimport subprocess\nimport sys\n{start}\n", "jobs/prepare.py": prepare,
             "run.sh": 'python jobs/prepare.py --data "$1"\n'}  # fmt: skip
    found = edges(linked(tmp_path, files))
    assert {source.rpartition("/")[2].removeprefix("file:") for source, _ in found} == {"a.csv"}


SERVICE = """
    import joblib
    from fastapi import FastAPI
    app = FastAPI()
    model = joblib.load("{name}.joblib")
    @app.post("/predict")
    def predict(km: float):
        return model.predict([[km]])[0]
    """


@pytest.mark.parametrize(
    ("path", "asks", "answers"),
    [
        ("eta/ui.js", "fetch('/predict', {method: 'POST'})", {"POST /predict"}),
        ("fare/ui.js", "fetch('/predict', {method: 'POST'})", {"POST /predict in fare/app.py"}),
        ("front/a.js", "axios.post('http://fare:8000/predict', {km: 1})", {"POST /predict in fare/app.py"}),
        ("fare/ask.py", "import requests\nrequests.post('/predict')", {"POST /predict in fare/app.py"}),
        ("ask.py", "import requests\nrequests.post('http://eta/predict')", {"POST /predict"}),
        ("ask.js", "axios.post('/predict')", {"POST /predict", "POST /predict in fare/app.py"}),
    ],
)
def test_services_beside_each_other_may_answer_one_route(
    tmp_path: Path, path: str, asks: str, answers: set[str]
) -> None:
    files = {f"{name}/app.py": SERVICE.format(name=name) for name in ("eta", "fare")}
    found = edges(linked(tmp_path, {**files, path: asks}))
    assert {("file:eta.joblib", "endpoint:POST /predict")} < found
    assert ("file:fare.joblib", "endpoint:POST /predict in fare/app.py") in found
    assert ("file:fare.joblib", "endpoint:POST /predict") not in found
    assert {source for source, target in found if target == f"consumer:{path}"} == {f"endpoint:{id}" for id in answers}


# ------------------------------------------------------------------------------------------------- served models

SERVED = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: eta-tree}
spec: {predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://models/eta}}}
"""
HOST = "HOST=$(kubectl get svc gateway -o jsonpath='{.ip}')\nPORT=$(kubectl get svc gateway -o jsonpath='{.port}')\n"


@pytest.mark.parametrize(
    ("url", "is_asked"),
    [
        ("http://${HOST}:${PORT}/v1/models/eta-tree:predict", True),
        ("http://$HOST/v2/models/eta-tree/infer", True),
        ("http://$HOST/v2/models/eta-tree/versions/3/infer", True),
        ("http://$HOST/seldon/rides/eta-tree/api/v1.0/predictions", True),
        ("http://$HOST/v2/models/eta/infer", False),  # of another
        ("http://$HOST/v2/models/eta-tree/ready", False),  # no prediction
    ],
)
def test_a_served_model_is_asked_by_its_name(url: str, is_asked: bool, tmp_path: Path) -> None:
    ask = HOST + f'curl -v \\\n  -H "Host: $SERVICE" \\\n  -d @./tests/trip.json \\\n  {url}\n'
    client = "import os\nimport requests\nHOST = os.environ['HOST']\n"
    client += (
        f"print(requests.post(f'{url.replace('$HOST', '{HOST}').replace('${HOST}:${PORT}', '{HOST}')}', json=[1]))"
    )
    files = {"deploy/eta.yaml": SERVED, "ask.sh": ask, "tests/trip.json": "{}", "client.py": client}
    found = edges(linked(tmp_path, files))
    assert (("endpoint:eta-tree", "consumer:ask.sh") in found) is is_asked
    assert (("endpoint:eta-tree", "consumer:client.py") in found) is is_asked
    assert (("file:tests/trip.json", "consumer:ask.sh") in found) is is_asked


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        ("curl -d @trip.json localhost:8000/v1/eta", "file:trip.json"),
        ("curl -F 'image=@data/leaf.png;type=image/png' localhost:8000/v1/eta", "file:data/leaf.png"),
        ("cd data && wget --post-file=trip.json http://localhost:8000/v1/eta", "file:data/trip.json"),
        ("curl -d name=me@example.org localhost:8000/v1/eta", None),
        ("curl -d @$1 localhost:8000/v1/eta", None),
        ("curl -d @trip.json localhost:8000/v1/price", None),  # nobody of ours is sent it
    ],
)
def test_a_file_that_a_command_sends_is_read_by_who_sends_it(command: str, sent: str | None, tmp_path: Path) -> None:
    found = edges(linked(tmp_path, {"app.py": APP, "ask.sh": command + "\n"}))
    assert {edge for edge in found if edge[1] == "consumer:ask.sh" and edge[0].startswith("file:")} == (
        {(sent, "consumer:ask.sh")} if sent else set()
    )
