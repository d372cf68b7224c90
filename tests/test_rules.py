"""Every case of every rule's page, through the whole of mllint."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint import session
from mllint.pages import find_rule
from mllint.rule import Rule
from tests.cases import Case, read_page, run

PAGES = sorted((Path(__file__).parent.parent / "fixtures" / "rules").glob("*.md"))
CASES = [case for page in PAGES for case in read_page(page.read_text("utf-8"))]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.rule}: {case.title}") for case in CASES])
def test_case(case: Case, tmp_path: Path) -> None:
    complaints = run(case, tmp_path)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_names_a_rule_and_shows_both_sides(page: Path) -> None:
    cases = read_page(page.read_text("utf-8"))
    assert {case.rule for case in cases} == {page.stem}
    find_rule(session.rules(), page.stem)
    for name in {rule for case in cases for rule in case.rules}:
        find_rule(session.rules(), name)
    own = [mark.kind for case in cases for mark in case.marks if mark.rule == page.stem]
    assert "error" in own, "no case shows what the rule finds"


@pytest.mark.parametrize("rule", session.rules(), ids=lambda rule: rule.name)
def test_every_rule_has_a_page(rule: Rule) -> None:
    assert rule.name in {page.stem for page in PAGES}
