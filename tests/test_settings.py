"""Settings: what stands in pyproject.toml or mllint.toml, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlglot.dialects import Dialects

from mllint.errors import UsageError
from mllint.settings import DIALECTS, Settings, load, with_overrides

FULL = """
select = ["ML7", "target-leakage"]
ignore = ["ML203"]
exclude = ["legacy/"]
sql-dialect = "snowflake"
library-models = ["models/ours.yaml"]
required-annotations = ["owner", "tags"]
prototype-folders = ["play"]
fail-on = "error"

[per-file-ignores]
"tests/**" = ["ML8"]

[rules.entangled-model]
max-features = 30
"""


def pyproject(text: str) -> str:
    head, _, tables = text.partition("\n[")
    tables = ("\n[" + tables).replace("\n[", "\n[tool.mllint.") if tables else ""
    return f"[project]\nname = 'x'\n\n[tool.mllint]{head}{tables}"


@pytest.mark.parametrize(("name", "text"), [("mllint.toml", FULL), ("pyproject.toml", pyproject(FULL))])
def test_every_setting(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    settings = load(tmp_path)
    assert settings.select == ("ML7", "target-leakage")
    assert settings.ignore == ("ML203",)
    assert settings.exclude == ("legacy/",)
    assert settings.sql_dialect == "snowflake"
    assert settings.library_models == ("models/ours.yaml",)
    assert settings.required_annotations == ("owner", "tags")
    assert settings.prototype_folders == ("play",)
    assert settings.fail_on == "error"
    assert settings.per_file_ignores == {"tests/**": ("ML8",)}
    assert settings.rules == {"entangled-model": {"max-features": 30}}
    line = text.split("\n").index("max-features = 30") + 1
    assert settings.place("rules.entangled-model.max-features") == f"{name}:{line}"


def test_no_settings(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()
    (tmp_path / "pyproject.toml").write_text("[tool.black]\nline-length = 100\n")
    assert load(tmp_path) == Settings()


def test_dialects_by_path(tmp_path: Path) -> None:
    (tmp_path / "mllint.toml").write_text('[sql-dialect]\n"warehouse/**" = "bigquery"\n')
    assert load(tmp_path).sql_dialects == {"warehouse/**": "bigquery"}


def test_our_dialects_are_sqlglot_s() -> None:
    assert sorted(DIALECTS) == sorted(dialect.value for dialect in Dialects if dialect.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('# hm\nselct = ["ML7"]', "mllint.toml:2: unknown setting `selct`; did you mean `select`?"),
        ('select = "ML7"', 'mllint.toml:1: `select` must be a list of texts, such as ["..."]'),
        ("ignore = [7]", "mllint.toml:1: `ignore` must be a list of texts"),
        (
            '\n\nsql-dialect = "snowflak"',
            "mllint.toml:3: `sql-dialect` cannot be 'snowflak'; did you mean `snowflake`?",
        ),
        ('[sql-dialect]\n"a/*" = "no such"', "mllint.toml:2: `sql-dialect.a/*` cannot be 'no such'"),
        ('fail-on = "warn"', "mllint.toml:1: `fail-on` cannot be 'warn'; did you mean `warning`?"),
        ("fail-on = true", "mllint.toml:1: `fail-on` cannot be True"),
        ('per-file-ignores = ["x"]', "mllint.toml:1: `per-file-ignores` must be a table"),
        ("[rules]\nentangled-model = 3", "mllint.toml:2: `rules.entangled-model` must be a table"),
        ("select = [\n", "mllint.toml:"),
        ("a = " + "[" * 5000, "mllint.toml"),
        ("\udcff", "mllint.toml: cannot be read"),
    ],
)
def test_a_wrong_setting_names_file_line_and_the_right_word(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mllint.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(message)


def test_settings_in_two_files(tmp_path: Path) -> None:
    (tmp_path / "mllint.toml").write_text("")
    (tmp_path / "pyproject.toml").write_text("[tool.mllint]\n")
    with pytest.raises(UsageError, match="keep one"):
        load(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.black]\n")
    assert load(tmp_path).origin == "mllint.toml"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.toml").write_text('select = ["ML7"]')
    (tmp_path / "root").mkdir()
    (tmp_path / "root/mllint.toml").symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "root")


def test_the_command_line_comes_first() -> None:
    settings = with_overrides(Settings(select=("ML1",), fail_on="error"), {"select": ("ML2",), "fail_on": None})
    assert (settings.select, settings.fail_on) == (("ML2",), "error")


def test_a_broken_pyproject_that_says_nothing_to_us_is_no_mistake_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = \n")
    assert load(tmp_path) == Settings()
    (tmp_path / "pyproject.toml").write_text("[tool.mllint]\nselect = \n")
    with pytest.raises(UsageError, match=r"pyproject.toml:2"):
        load(tmp_path)
