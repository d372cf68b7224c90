"""What entry points do with configuration files is said again by those that are not interpreted again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mllint import session
from mllint.linker.python import forecast, replay
from mllint.linker.python.abstract import settings
from mllint.linker.python.results.records import Record
from mllint.rule import Finding
from tests.replayed import write

FILES = {
    "shared.py": 'import yaml\nCONFIG = yaml.safe_load(open("config.yaml"))\ndef get(section):\n'
                 '    return section["depth"]\n',
    "config.yaml": "model:\n  lr: 0.1\n  momentum_of_old: 0.9\npaths:\n  raw: raw.csv\nrest:\n  one: 1\n"
                   "leftover:\n  two: 2\n",
    "train.py": 'from shared import CONFIG\nprint(CONFIG["model"]["lr"], CONFIG["model"]["warmup_steps"])\n'
                'helper(CONFIG["rest"])\n',
    "careful.py": 'from shared import CONFIG\nprint(CONFIG["paths"]["raw"], CONFIG["model"]["patience"])\n'
                  'if "patience" in CONFIG["model"]:\n    print("wait")\n',
    "deep.py": 'from shared import CONFIG, get\nget(CONFIG["model"])\n',
    "plain.py": 'from shared import get\nget({"depth": 3})\n',
    "conf/base.yaml": "lr: 0.1\nepochs: 3\n",
    "conf/night.yaml": "lr: 0.1\nepochs: 4\n",
    "night.py": "from omegaconf import OmegaConf\n"
                'cfg = OmegaConf.merge(OmegaConf.load("conf/base.yaml"), OmegaConf.load("conf/night.yaml"))\n'
                "print(cfg.lr, cfg.epochs)\n",
    "conf/day/main.yaml": "defaults:\n  - sizes: small\n  - _self_\nwidth: 2\nnever_read_at_all: 1\n",
    "conf/day/sizes/small.yaml": "height: 3\nnever_read_either: 2\n",
    "day.py": "import hydra\n@hydra.main(config_path='conf/day', config_name='main')\n"
              "def main(cfg):\n    print(cfg.width, cfg.sizes.height)\nmain()\n",
    "other.py": "print()\n",
}  # fmt: skip
SELECT = {"select": ["ML501", "ML502", "ML503"]}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLLINT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(forecast, "MOST", 9.0)  # also where it does not pay
    write(tmp_path / "r", {"spare.py": "import joblib, yaml, hydra, omegaconf\n", **FILES})
    return tmp_path / "r"


def found(root: Path, use_cache: bool) -> list[Finding]:
    return session.check(
        root, jobs=1, use_cache=use_cache, today="2024-01-01", settings_overrides=SELECT, preview=True
    ).findings


def told(findings: list[Finding]) -> list[tuple[str, str, int]]:
    return [(finding.code, finding.span.path, finding.span.line) for finding in findings]


EDITS = {
    "nothing of it": {"other.py": "print(1)\n"},
    "who asks with care": {"careful.py": "print()\n"},
    "who asks for the rest": {"train.py": 'from shared import CONFIG\nprint(CONFIG["model"]["lr"])\n'},
    "who asks a dictionary of its own": {"plain.py": "print()\n"},
    "a configuration": {"config.yaml": "model:\n  lr: 0.1\n  warmup_steps: 7\n  patience: 1\npaths:\n  raw: raw.csv\n"},
    "a configuration that is laid on another": {"conf/night.yaml": "lr: 0.2\nepochs: 3\n"},
    "a part of what is composed": {"conf/day/sizes/small.yaml": "height: 3\nanother_never_read: 2\n"},
    "who loads it first": {"careful.py": 'print("shared")\n', "day.py": "print()\n"},
    "the module that loads it": {"shared.py": 'CONFIG = {"model": 1}\ndef get(section):\n    return section\n'},
}  # fmt: skip


def test_there_is_something_to_find(root: Path) -> None:
    assert sorted(told(found(root, use_cache=False))) == [
        ("ML501", "conf/day/main.yaml", 5),
        ("ML501", "conf/day/sizes/small.yaml", 2),
        ("ML501", "config.yaml", 3),
        ("ML501", "config.yaml", 8),
        ("ML502", "train.py", 2),
        ("ML503", "conf/night.yaml", 1),
    ]


@pytest.mark.parametrize("edit", EDITS)
def test_after_one_file_has_changed_the_findings_are_those_of_a_cold_run(root: Path, edit: str) -> None:
    found(root, use_cache=True)
    write(root, EDITS[edit])
    assert found(root, use_cache=True) == found(root, use_cache=False)


# notes that replayed entry points forget, and an edit after which that is seen
FORGOTTEN: dict[str, tuple[type, str]] = {
    "what was loaded": (settings.Opened, "nothing of it"),
    "what was read": (settings.Used, "nothing of it"),
    "where it was asked whether a key is there": (settings.Tested, "nothing of it"),
    "what was missing": (settings.Lost, "nothing of it"),
    "what was there": (settings.Found, "nothing of it"),
    "what was replaced": (settings.Replaced, "nothing of it"),
}


@pytest.mark.parametrize("kind", FORGOTTEN)
def test_without_saying_it_again_the_findings_would_differ(
    root: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    forgotten, edit = FORGOTTEN[kind]
    real: Callable[[bytes], Record] = replay.decode

    def forgetful(encoded: bytes) -> Record:
        record = real(encoded)
        record.settings = {note: None for note in record.settings if not isinstance(note, forgotten)}
        return record

    found(root, use_cache=True)
    write(root, EDITS[edit])
    monkeypatch.setattr(replay, "_replay", lambda *args: _replay_with(forgetful, monkeypatch, *args))
    assert told(found(root, use_cache=True)) != told(found(root, use_cache=False))


_REPLAY = replay._replay


def _replay_with(decode: Callable[[bytes], Record], monkeypatch: pytest.MonkeyPatch, *args: object) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(replay, "decode", decode)
        _REPLAY(*args)  # type: ignore[arg-type]
