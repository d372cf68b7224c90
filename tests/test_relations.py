"""Relations of mapped classes: an attribute of a row is rows of another table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.linking import edges, linked

MODELS = """
from sqlalchemy import Column, ForeignKey, Integer
from sqlalchemy.orm import declarative_base, relationship
Base = declarative_base()

class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    trips = relationship(TARGET)

class Trip(Base):
    __tablename__ = "trips"
    id = Column(Integer, primary_key=True)
    km = Column(Integer)
    user_id = Column(Integer, ForeignKey("users.id"))
    city = relationship("City")

class City(Base):
    __tablename__ = "cities"
    name = Column(Integer)
"""
READ = """
import pandas as pd
from models import Trip, User

def far(session):
    rows = []
    for user in session.query(User).filter(User.id > 3):
        for trip in user.trips:
            rows.append({"km": trip.km, "city": trip.city.name})
    pd.DataFrame(rows).to_csv("far.csv")
"""


@pytest.mark.parametrize("target", ['"Trip"', '"models.Trip"', "lambda: Trip"])
def test_rows_of_the_other_table_go_along(tmp_path: Path, target: str) -> None:
    lineage = linked(tmp_path, {"models.py": MODELS.replace("TARGET", target), "read.py": READ})
    assert {("table:trips", "file:far.csv"), ("table:cities", "file:far.csv")} <= edges(lineage)
    assert lineage.graph.path("column:table:trips#km", "column:file:far.csv#km")
    assert lineage.graph.path("column:table:cities#name", "column:file:far.csv#city")
    assert "column:table:users#trips" not in lineage.graph.nodes
