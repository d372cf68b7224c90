"""Which keys of configuration files count as read."""

from __future__ import annotations

from pathlib import Path

from mllint import session
from tests.replayed import write

CONFIG = "train:\n  rate: 0.1\n  warmup_of_old: 3\nsplit:\n  share_of_old: 0.2\n"


def states(root: Path, files: dict[str, str]) -> dict[str, str]:
    write(root, {"config.yaml": CONFIG, **files})
    result = session.check(root, jobs=1, use_cache=False, today="2024-01-01")
    (config,) = [each for each in result.lineage.observations.configs if each.path == "config.yaml"]
    return {".".join(key.keys): key.state for key in config.keys if key.is_scalar}


LOAD = 'import yaml\nconfig = yaml.safe_load(open("config.yaml"))\nprint(config["train"]["rate"])\n'


def test_a_key_that_nothing_names_is_unread(tmp_path: Path) -> None:
    expected = {"train.rate": "read", "train.warmup_of_old": "unread", "split.share_of_old": "unread"}
    assert states(tmp_path, {"train.py": LOAD}) == expected


def test_to_look_for_a_key_is_not_to_read_the_rest(tmp_path: Path) -> None:
    found = states(tmp_path, {"train.py": LOAD + 'if "patience" in config["train"]:\n    print()\n'})
    assert found["train.warmup_of_old"] == "unread"


def test_to_go_through_a_section_is_to_read_it(tmp_path: Path) -> None:
    found = states(tmp_path, {"train.py": LOAD + 'for name in config["train"]:\n    print(name)\n'})
    assert found["train.warmup_of_old"] == "read"


def test_code_that_cannot_be_read_may_name_any_key(tmp_path: Path) -> None:
    found = states(tmp_path, {"train.py": LOAD, "split.py": 'print "an old script"\n'})
    assert found["split.share_of_old"] == "unsure"
