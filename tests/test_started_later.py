"""Files that code starts in another process, or in a cluster: from wherever somebody gets to that code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.linking import edges, linked

TRAIN = """
import argparse, os
import joblib
import pandas as pd
from sklearn.linear_model import LinearRegression

parser = argparse.ArgumentParser()
parser.add_argument("--trips", required=True)
trips = pd.read_csv(parser.parse_args().trips)
joblib.dump(LinearRegression().fit(trips[["km"]], trips["minutes"]), os.environ.get("MODEL", "eta.pkl"))
"""

ROUTE = """
import subprocess, sys
from flask import Flask

app = Flask(__name__)

@app.post("/retrain")
def retrain():
    subprocess.Popen([sys.executable, "train.py", "--trips", "trips.csv"])
    return "started"
"""

FUNCTION = """
import subprocess

def retrain():
    subprocess.run(["python", "train.py", "--trips", "trips.csv"], check=True)
"""

COMPONENT = """
from kfp import dsl

@dsl.component
def train(trips: str, model: str):
    from kubernetes import client

    container = {"name": "train", "command": ["python", "train.py"], "args": ["--trips", trips]}
    container["env"] = [{"name": "MODEL", "value": str(model)}]
    job = {"kind": "Job", "spec": {"template": {"spec": {"containers": [container]}}}}
    client.BatchV1Api().create_namespaced_job(namespace="ml", body=job)

@dsl.pipeline(name="rides")
def rides(trips: str = "trips.csv", model: str = "model.pkl"):
    train(trips=trips, model=model)
"""


@pytest.mark.parametrize(
    ("code", "model"),
    [(ROUTE, "eta.pkl"), (FUNCTION, "eta.pkl"), (COMPONENT, "model.pkl")],
    ids=["route", "function", "component"],
)
def test_what_is_started_is_followed_with_its_arguments(code: str, model: str, tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"train.py": TRAIN, "app.py": code})
    assert ("file:trips.csv", f"model:{model}") in edges(lineage)
    assert {id for id in lineage.graph.nodes if id.startswith("model:")} == {f"model:{model}"}
