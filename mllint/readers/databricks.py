"""Databricks notebooks that are kept as Python files: cells of other languages are comments, and `spark` and `dbutils`
are there without an import. See https://docs.databricks.com/en/notebooks/notebook-format.html"""

from __future__ import annotations

from itertools import groupby

from mllint.readers.magics import without_magics

_FIRST_LINE = b"# Databricks notebook source"
_MAGIC = "# MAGIC"

_LANGUAGES = ("%sql", "%sh", "%md", "%scala", "%r\n", "%fs")

# what stands above every cell
AMBIENT = "from databricks.sdk.runtime import dbutils, spark\n"


def is_notebook(data: bytes) -> bool:
    return data.startswith(_FIRST_LINE)


def is_exported(document: dict[str, object]) -> bool:
    """Whether a Jupyter notebook was written by Databricks."""
    metadata = document.get("metadata")
    return isinstance(metadata, dict) and "application/vnd.databricks.v1+notebook" in metadata


def python_of(text: str) -> str:
    """The text with its `# MAGIC` cells as calls, as in Jupyter notebooks; each line stays where it is."""
    lines: list[str] = []
    for is_magic, group in groupby(text.split("\n"), lambda line: line.startswith(_MAGIC)):
        block = list(group)
        if is_magic:
            cell = "\n".join(line.removeprefix(_MAGIC).removeprefix(" ") for line in block)
            is_whole = cell.lstrip().startswith(_LANGUAGES)  # here one `%` stands for the whole cell
            made = without_magics(f"%{cell.lstrip()}" if is_whole else cell).split("\n")
            lines += (made + [""] * len(block))[: len(block)]
        else:
            lines += block
    return "\n".join(lines)
