"""Annotations, where nothing else tells what a value is: a client that an application keeps in its state."""

from __future__ import annotations

from pathlib import Path

from tests.linking import edges, linked

INNER = """
import joblib
from fastapi import FastAPI
app = FastAPI()
model = joblib.load("m.pkl")

@app.get("/eta/{trip}")
def eta(trip: int):
    return {"eta": float(model.predict([[trip]])[0])}
"""
OUTER = """
from aiohttp import ClientSession
from fastapi import Depends, FastAPI, Request
app = FastAPI()

def kept(request: Request) -> ClientSession:
    return request.app.state.client

class Service:
    async def eta(self, trip: int, client: ClientSession):
        async with client.get(url="http://inner:8000/eta/" + str(trip)) as response:
            return await response.json()

@app.get("/shown/{trip}")
async def shown(trip: int, client: ClientSession = Depends(kept)):
    return await Service().eta(trip, client)
"""


def test_a_client_that_only_annotations_tell_of_asks(tmp_path: Path) -> None:
    assert ("endpoint:GET /eta/{trip}", "consumer:outer.py") in edges(
        linked(tmp_path, {"inner.py": INNER, "outer.py": OUTER})
    )


def test_what_is_known_is_not_what_an_annotation_says(tmp_path: Path) -> None:
    """Nor is a class that holds data: which data, the annotation does not tell."""
    code = """
    import pandas as pd
    from aiohttp import ClientSession
    def load(path) -> ClientSession:
        return pd.read_csv(path)
    def other() -> pd.DataFrame:
        return whatever()
    load("a.csv").to_csv("b.csv")
    other().to_csv("c.csv")
    """
    lineage = linked(tmp_path, {"a.py": code})
    assert edges(lineage) == {("file:a.csv", "file:b.csv")}
