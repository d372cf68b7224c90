"""Generated parts of the docs are checked for drift."""

from __future__ import annotations

import os
import re

import click
import pytest

from mllint.cli.root import COMMANDS, group
from mllint_rules import RULES
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "cli.md"
_HELP = re.compile(r"(?<=<!-- help: )(\w+)( -->\n\n```text\n)(.*?)(?=\n```)", re.DOTALL)


def help_of(name: str) -> str:
    settings = {**group.context_settings, "max_content_width": 100}
    context = click.Context(group, info_name="mllint", terminal_width=100, **settings)
    if name == "mllint":
        return group.get_help(context)
    command = group.get_command(context, name)
    assert command is not None
    return command.get_help(click.Context(command, parent=context, info_name=name, **command.context_settings))


def test_the_command_line_page_shows_the_help_that_the_commands_give(monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAGE.read_text("utf-8")
    told = _HELP.sub(lambda hit: f"{hit[1]}{hit[2]}{help_of(hit[1])}", text)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        PAGE.write_text(told, "utf-8")
        text = told
    assert text == told
    assert {hit[1] for hit in _HELP.finditer(text)} == {"mllint", *COMMANDS}


def test_the_readme_lists_the_rules_as_they_are() -> None:
    listed = re.findall(r"^\| (ML\d+) \| ([\w-]+)( \(preview\))? \| (.*) \|$", (ROOT / "README.md").read_text(), re.M)
    assert listed == [(r.code, r.name, "" if r.stable else " (preview)", r.summary) for r in RULES if r.code >= "ML1"]
