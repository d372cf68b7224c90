"""The pages of rules: Markdown that explains a rule and, case by case, shows and tests it.

A page lies beside the rules of an installed pack (`mllint_rules/pages/NAME.md`), or in `fixtures/rules/` of a checkout.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from mllint.errors import UsageError, nearest
from mllint.rule import Rule

_FENCE = re.compile(r"(`{3,}|~{3,})")
_FILE = re.compile(r"`[^`]+`:\s*")


def find_rule(rules: Iterable[Rule], word: str) -> Rule:
    """The rule of this code or name, in any case. Raises UsageError that names the nearest."""
    known = {key: rule for rule in rules for key in (rule.code, rule.name)}
    for key, rule in known.items():
        if key.lower() == word.lower():
            return rule
    raise UsageError(f"there is no rule `{word}`; {nearest(word, known)} (`mllint rules` lists them)")


def page_of(rule: Rule) -> str | None:
    """The Markdown of a rule's page, `None` if its pack brings none. The page of a rule of `mllint` itself lies with
    those of the built-in pack."""
    for name in (rule.check.__module__.partition(".")[0], "mllint_rules"):
        for folder in map(Path, getattr(sys.modules.get(name), "__path__", ())):
            for pages in (folder / "pages", folder.parent.parent / "fixtures" / "rules"):
                page = pages / f"{rule.name}.md"
                if page.is_file():
                    return page.read_text("utf-8")
    return None


def explanation(page: str) -> str:
    """What the page says to people: its prose and its first case as an example, without the cases that only test."""
    opening, *sections = split_sections(page)
    cases = [section for section in sections if is_case(section)]
    prose = [section for section in sections if not is_case(section)]
    return "\n".join(part.strip() + "\n" for part in (opening, *prose, *cases[:1]))


def split_sections(page: str) -> list[str]:
    """The text before the first `##` heading, and each section that such a heading opens; a `##` in a fenced block
    is no heading."""
    sections: list[list[str]] = [[]]
    fence = ""
    for line in page.splitlines():
        fence = fence_after(line, fence)
        if not fence and line.startswith("## "):
            sections.append([])
        sections[-1].append(line)
    return ["\n".join(lines) for lines in sections]


def fence_after(line: str, fence: str) -> str:
    """The fence that is open after this line, given the one that was open before it; empty outside of a block."""
    mark = _FENCE.match(line)
    if not fence:
        return mark[1] if mark else ""
    closes = mark is not None and mark[1].startswith(fence) and not line[mark.end() :].strip()
    return "" if closes else fence


def is_case(section: str) -> bool:
    """Whether a section holds files: a name in backticks with a colon, on a line of its own outside of blocks."""
    fence = ""
    for line in section.splitlines():
        if not fence and _FILE.fullmatch(line):
            return True
        fence = fence_after(line, fence)
    return False
