"""A project of SQL files (and others), linked."""

from __future__ import annotations

from typing import Any

from mllint.facts.file import FileFacts
from mllint.facts.sql import SqlText
from mllint.lineage.declarations import Declarations
from mllint.linker.project import Project
from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.link import link_sql
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.statements import Statement
from mllint.settings import Settings


def linked(*others: FileFacts, dialect: str = "", jinja: bool = False, **files: str) -> Project:
    """`linked(a="...")` links the file `a.sql`."""
    facts = [FileFacts(f"{name}.sql", "sql", sql=SqlText(text, jinja=jinja)) for name, text in files.items()]
    project = Project([*facts, *others], Settings(sql_dialect=dialect), Declarations())
    link_sql(project)
    project.graph.freeze()
    return project


def edges(project: Project, strength: str = "direct") -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in project.graph.edges() if edge.strength == strength}


def one(text: str, dialect: str = "", **tables: Any) -> Statement:
    """The only statement of a text; `tables` give columns as text: `trips="id km"`."""
    [statement] = analyse(text, dialect, Schema({name: columns.split() for name, columns in tables.items()}))
    return statement


def flows(statement: Statement) -> dict[str, set[str]]:
    """Output column -> `table.column` of its sources."""
    return {column.name: {".".join(source) for source in column.sources} for column in statement.columns}


def reads(statement: Statement) -> list[str]:
    return [read.name for read in statement.reads]
