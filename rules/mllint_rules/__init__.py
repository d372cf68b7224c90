"""The rules that come with mllint: an explicit list, in the order of their codes."""

from mllint.rule import Rule

RULES: list[Rule] = []
