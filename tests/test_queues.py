"""Tasks that workers do, and what is asked for by the id of a task."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.linking import edges, linked

TASKS = """
import joblib
from celery import Celery

app = Celery("rides")
model = joblib.load("eta.pkl")

@app.task(bind=True, max_retries=3)
def score(self, km, bias=0.0):
    self.update_state(state="STARTED")
    return {"eta": float(model.predict([[km]])[0]) + bias}
"""

API = """
from celery.result import AsyncResult
from flask import Flask, jsonify, request
from tasks import app as queue, score

web = Flask(__name__)

@web.post("/eta")
def ask():
    task = CALL
    return jsonify({"id": task.id})

@web.get("/eta/<id>")
def answer(id):
    task = AsyncResult(id, app=queue)
    return jsonify({"state": task.state, "result": task.result}) if task.state == "SUCCESS" else ("", 202)
"""

CALLS = ('score.delay(request.json["km"])', 'score.apply_async(args=[request.json["km"]], kwargs={"bias": 1.0})')


@pytest.mark.parametrize("call", CALLS)
def test_who_asks_by_an_id_is_served_what_the_task_gave(call: str, tmp_path: Path) -> None:
    found = edges(linked(tmp_path, {"tasks.py": TASKS, "api.py": API.replace("CALL", call)}))
    assert ("file:eta.pkl", "endpoint:GET /eta/<id>") in found
    assert ("endpoint:POST /eta", "endpoint:GET /eta/<id>") in found
    assert ("file:eta.pkl", "endpoint:POST /eta") not in found  # an id is no prediction
