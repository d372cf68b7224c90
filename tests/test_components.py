"""What calls of libraries are given: settings with their places, literals, and what holds settings against a schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint.lineage.observations import Component, Config
from tests.linking import linked

PARAMS = "forest: {trees: 100, seed: 1}\nsource: rides.csv\nshare: 0.2\n"
LOAD = "import yaml\nparams = yaml.safe_load(open('params.yaml'))\n"
TRAIN = f"""{LOAD}
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split

rides = pd.read_csv(params["source"])
train, test = train_test_split(rides, test_size=params["share"])
forest = RandomForestRegressor(params["forest"]["trees"], max_depth=-8, criterion="poisson", bootstrap=rides.empty)
forest.fit(train[["km"]], train["minutes"])
"""


def components(root: Path, code: str, **files: str) -> dict[str, Component]:
    seen = linked(root, {"params.yaml": PARAMS, "train.py": code, **files}).observations.components
    return {component.what.rpartition(".")[2]: component for component in seen}


def told(component: Component) -> dict[str, tuple[object, list[int], bool]]:
    """By parameter: the value, the lines of its places in configuration, whether it is a literal."""
    return {g.parameter: (g.value, [s.line for s in g.settings], g.literal is not None) for g in component.given}


def test_an_estimator_a_split_and_a_read_with_what_they_are_given(tmp_path: Path) -> None:
    found = components(tmp_path, TRAIN)
    forest = found["RandomForestRegressor"]
    assert (forest.kind, forest.model) == ("estimator", "model:RandomForestRegressor")
    assert told(forest) == {"max_depth": (-8, [], True), "criterion": ("poisson", [], True)}
    assert told(found["train_test_split"]) == {"test_size": (0.2, [3], False)}
    assert told(found["read_csv"]) == {"filepath_or_buffer": ("rides.csv", [2], False)}


def test_a_dictionary_of_parameters_is_gone_through(tmp_path: Path) -> None:
    code = f"""{LOAD}
import pandas as pd
import xgboost as xgb

rides = pd.read_csv("rides.csv")
data = xgb.DMatrix(rides[["km"]], label=rides["minutes"])
xgb.train({{"eta": 0.1, "max_depth": params["forest"]["trees"]}}, data, num_boost_round=50)
"""
    assert told(components(tmp_path, code)["train"]) == {
        "eta": (0.1, [], True),
        "max_depth": (100, [1], False),
        "num_boost_round": (50, [], True),
    }


def test_other_calls_count_where_configuration_gives_them_a_value(tmp_path: Path) -> None:
    code = f"""{LOAD}
import torch

net = torch.nn.Linear(1, 1)
torch.optim.SGD(net.parameters(), lr=params["share"], momentum=0.9)
torch.optim.Adam(net.parameters(), lr=0.1)
"""
    found = components(tmp_path, code)
    assert told(found["SGD"]) == {"lr": (0.2, [3], False), "momentum": (0.9, [], True)}
    assert "Adam" not in found


def test_a_configuration_knows_where_it_is_parsed_and_who_asks_for_its_keys(tmp_path: Path) -> None:
    [config] = linked(tmp_path, {"params.yaml": PARAMS, "train.py": TRAIN}).observations.configs
    assert [(span.path, span.line) for span in config.loads] == [("train.py", 2)]
    readers = {".".join(key.keys): [span.line for span in key.readers] for key in config.keys}
    assert readers == {"forest": [], "forest.trees": [10], "forest.seed": [], "source": [8], "share": [9]}


SCHEMA = "from pydantic import BaseModel\n\n\nclass Params(BaseModel):\n    source: str\n"
CHECKED = """
from dataclasses import dataclass


@dataclass
class Params:
    source: str
    share: float
    forest: dict
"""


@pytest.mark.parametrize(
    ("code", "is_checked"),
    [
        ("", False),
        ("float(params['share'])", False),
        ("params.get('share', 0.1)", False),
        ("if params['share'] > 0.5:\n    print('large')", False),
        ("assert 0 < params['share'] < 1", True),
        ("if not 0 < params['share'] < 1:\n    raise ValueError()", True),
        ("from outside import validate\nvalidate(params)", True),
        ("from outside import train\ntrain(params)", False),
        ("def check(given):\n    return given\n\n\ncheck(params)", False),  # it can be looked into
        ("import cerberus\ncerberus.Validator({}).validate(params)", True),
        ("import jsonschema\njsonschema.validate(params, {})", True),
        ("from omegaconf import OmegaConf\nOmegaConf.merge(OmegaConf.structured(dict), params)", True),
        (f"{SCHEMA}\n\nParams(**params)", True),
        (f"{SCHEMA}\n\nParams.model_validate(params)", True),
        (f"{CHECKED}\n\nParams(**params)", False),
        (f"{CHECKED}\n    def __post_init__(self):\n        print(self.share)\n\n\nParams(**params)", True),
    ],
)
def test_what_holds_a_configuration_against_what_it_should_be(tmp_path: Path, code: str, is_checked: bool) -> None:
    lineage = linked(tmp_path, {"params.yaml": PARAMS, "train.py": f"{LOAD}\n{code}\nprint(params['source'])\n"})
    configs: list[Config] = lineage.observations.configs
    assert [config.is_checked for config in configs] == [is_checked]
