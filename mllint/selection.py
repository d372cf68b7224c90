"""Which rules run: packs from installed packages, `--select` and `--ignore`, and the options that settings give."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import msgspec

from mllint.errors import UsageError, nearest
from mllint.files import trusted_path
from mllint.rule import Rule
from mllint.settings import Settings

GROUP = "mllint.rules"


class RuleError(msgspec.Struct, frozen=True, order=True):
    """A rule, or a pack of rules, that failed: the others ran, and the exit status is 2."""

    code: str
    name: str
    message: str


def load_rules(root: Path | None = None) -> tuple[list[Rule], list[RuleError]]:
    """Every rule of every installed pack, by code. Nothing in the analysed tree is taken for an installed package.

    Raises UsageError if two rules share a code or a name.
    """
    rules: list[Rule] = []
    errors: list[RuleError] = []
    with _trusting(trusted_path(root)) as path:
        for name, target in _packs(path):
            try:
                module, _, attribute = target.partition(":")
                rules += getattr(import_module(module), attribute)
            except Exception as error:
                errors.append(RuleError("", name, f"the rule pack cannot be loaded: {type(error).__name__}: {error}"))
    rules.sort(key=lambda rule: rule.code)
    seen: set[str] = set()
    for rule in rules:
        if rule.code in seen or rule.name in seen:
            raise UsageError(f"two rules are called {rule.code} or {rule.name}: uninstall one of their packs")
        seen |= {rule.code, rule.name}
    return rules, errors


def _packs(path: list[str]) -> Iterator[tuple[str, str]]:
    packs: dict[str, str] = {}
    for distribution in metadata.distributions(path=path):
        for point in distribution.entry_points:
            if point.group == GROUP:
                packs.setdefault(point.name, point.value)
    packs.setdefault("builtin", "mllint_rules:RULES")  # a checkout that was never installed
    yield from sorted(packs.items())


@contextmanager
def _trusting(path: list[str]) -> Iterator[list[str]]:
    before = sys.path[:]
    sys.path[:] = path
    try:
        yield path
    finally:
        sys.path[:] = before


# ---------------------------------------------------------------------------------------------------- selecting


def select(rules: Iterable[Rule], settings: Settings, *, preview: bool) -> list[Rule]:
    """The rules to run. The longer word wins: `--select ML701 --ignore ML7` runs ML701 alone; `--ignore` wins a tie.

    Raises UsageError for a word that speaks of no rule.
    """
    rules = list(rules)
    for key, words in (("select", settings.select), ("ignore", settings.ignore)):
        check_words(words, rules, key)
    for glob, words in settings.per_file_ignores.items():
        check_words(words, rules, settings.place(f"per-file-ignores.{glob}"))
    return [rule for rule in rules if _is_selected(rule, settings, preview)]


def _is_selected(rule: Rule, settings: Settings, preview: bool) -> bool:
    if not rule.stable and not preview and not {rule.code, rule.name} & set(settings.select):
        return False
    chosen = _weight(settings.select, rule) if settings.select else 0
    return chosen is not None and ((weight := _weight(settings.ignore, rule)) is None or chosen > weight)


def _weight(words: Iterable[str], rule: Rule) -> int | None:
    """The length of the longest word that speaks of the rule; its name counts as much as its code."""
    return max((min(len(w), len(rule.code)) for w in words if rule.answers_to(w)), default=None)


def check_words(words: Iterable[str], rules: Iterable[Rule], where: str) -> None:
    rules = list(rules)
    for word in words:
        if not any(rule.answers_to(word) for rule in rules):
            known = [text for rule in rules for text in (rule.code, rule.name)]
            raise UsageError(f"{where}: there is no rule `{word}`; {nearest(word, known)}")


# ------------------------------------------------------------------------------------------------------ options


def options_of(rule: Rule, settings: Settings) -> dict[str, Any]:
    """A rule's options: its defaults, then a setting of the same name (`prototype-folders`), then its own table."""
    options = dict(rule.options)
    for key in options:
        if key.replace("-", "_") in settings.__struct_fields__ and key not in ("rules", "lines", "origin"):
            options[key] = getattr(settings, key.replace("-", "_"))
    for word in (rule.code, rule.name):
        options.update(settings.rules.get(word, {}))
    return options


def check_options(rules: Iterable[Rule], settings: Settings) -> None:
    """Raises UsageError, with file and line, for options of no rule, of no such name, or of a wrong type."""
    by_word = {word: rule for rule in rules for word in (rule.code, rule.name)}
    for word, options in settings.rules.items():
        if word not in by_word:
            raise UsageError(f"{settings.place(f'rules.{word}')}: there is no rule `{word}`; {nearest(word, by_word)}")
        _check_table(by_word[word].options, options, word, settings)


def _check_table(defaults: Mapping[str, Any], options: Mapping[str, Any], word: str, settings: Settings) -> None:
    for key, value in options.items():
        where = settings.place(f"rules.{word}.{key}")
        if key not in defaults:
            near = nearest(key, defaults) if defaults else "it takes none"
            raise UsageError(f"{where}: `{word}` has no option `{key}`; {near}")
        if (expected := _type_name(defaults[key])) != (given := _type_name(value)) and (expected, given) != (
            "a number",
            "a whole number",
        ):
            raise UsageError(f"{where}: `{key}` of `{word}` must be {expected}, not {given}")


def _type_name(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case dict():
            return "a table"
    return type(value).__name__
