"""Where a relative path lies: below the folder in which a file of that name is, whether mllint reads it or not."""

from __future__ import annotations

import json
from pathlib import Path

from tests.linking import linked

CODE = "import joblib\nfrom sklearn.linear_model import Ridge\njoblib.dump(Ridge().fit(x, y), 'models/eta.pkl')\n"
CELL = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": CODE}
NOTEBOOK = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [CELL]})


def test_a_notebook_runs_where_what_it_writes_lies(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "eta.pkl").write_bytes(b"\x80")
    assert "file:models/eta.pkl" in linked(tmp_path, {"work/train.ipynb": NOTEBOOK}).graph.nodes


def test_else_in_its_own_folder(tmp_path: Path) -> None:
    assert "file:work/models/eta.pkl" in linked(tmp_path, {"work/train.ipynb": NOTEBOOK}).graph.nodes
