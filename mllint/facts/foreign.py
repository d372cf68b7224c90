"""What a file in a language that is not analysed deeply says: the calls that name files, tables, topics or routes."""

from __future__ import annotations

import msgspec


class ForeignCall(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A call with literal arguments: `function` as written (`read.csv`, `spark.read.parquet`, `fetch`)."""

    function: str
    arguments: tuple[str, ...]  # literal strings among the arguments, in order
    line: int
    column: int
    end_line: int
    end_column: int
    names: tuple[str, ...] = ()  # keyword of each argument, "" where positional
    target: str = ""  # the variable that receives the result
    uses: tuple[str, ...] = ()  # variables among the arguments


class Foreign(msgspec.Struct, frozen=True, array_like=True, gc=False):
    language: str  # r, scala, java, julia, javascript, html, cpp ...
    calls: tuple[ForeignCall, ...]
