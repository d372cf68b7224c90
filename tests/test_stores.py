"""Stores that Python asks for their rows by name: collections of documents, keys, tables of an object mapper."""

from __future__ import annotations

from pathlib import Path

from tests.linking import columns, edges, linked

COPY = """
import redis

r = redis.Redis()
trip = r.hgetall("trip")
r.hset("copy", mapping={key.decode(): value for key, value in trip.items()})
r.set("km", trip.get("km"))
"""


def test_what_a_row_does_is_no_column(tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"copy_trip.py": COPY})
    assert {(f"collection:redis.{a}", f"collection:redis.{b}") for a, b in [("trip", "copy"), ("trip", "km")]} <= edges(
        lineage
    )
    assert columns(lineage, "collection:redis.trip") == {"km"}


PRISMA = """
from fastapi import FastAPI
from prisma import Prisma

db = Prisma()
app = FastAPI()

@app.post("/trips")
async def add(km: float):
    await db.trip.create(data={"km": km})

@app.get("/trips")
async def every():
    return [{**trip.model_dump()} for trip in await db.trip.find_many()]
"""


def test_a_table_is_an_attribute_of_a_client(tmp_path: Path) -> None:
    assert edges(linked(tmp_path, {"app.py": PRISMA})) >= {
        ("endpoint:POST /trips", "table:trip"),
        ("table:trip", "endpoint:GET /trips"),
    }
