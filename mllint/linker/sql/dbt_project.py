"""One dbt project: its resources and properties, its folders, and what its settings say of the warehouse."""

from __future__ import annotations

import posixpath
import re

import msgspec

from mllint.facts.config import Value
from mllint.facts.file import FileFacts
from mllint.linker.project import Project
from mllint.linker.sql.dbt_yaml import entries, get, items, text
from mllint.linker.sql.names import Names
from mllint.source import Span

_PATHS = {  # key of dbt_project.yml, the older key, the default
    "models": ("model-paths", "source-paths", "models"),
    "seeds": ("seed-paths", "data-paths", "seeds"),
    "snapshots": ("snapshot-paths", "snapshot-paths", "snapshots"),
    "macros": ("macro-paths", "macro-paths", "macros"),
    "tests": ("test-paths", "test-paths", "tests"),
}


# where the profile itself is everybody's own
_EXAMPLES = [f"profiles.{word}.{ending}" for word in ("example", "sample", "template") for ending in ("yml", "yaml")]


class Resource(msgspec.Struct, frozen=True):
    """A model, seed or snapshot: the file that makes it, and the table's name. `name` is what `ref` calls it.

    `query` is given where a YAML file makes the table: `snapshots: [{name: old, relation: ref('rides')}]`, and `line`
    where it stands there. A resource that is not `enabled` is one that dbt, with the settings in sight, leaves out."""

    kind: str  # models, seeds, snapshots
    name: str
    path: str
    table: str
    enabled: bool = True
    query: str = ""
    line: int = 1


class Property(msgspec.Struct, frozen=True):
    """One entry of a properties file: `value` is the mapping that has a `name`, of a section such as `models`."""

    section: str
    value: Value
    path: str


class Dbt(msgspec.Struct):
    path: str  # of dbt_project.yml
    folder: str
    settings: Value
    names: Names
    resources: list[Resource] = []
    properties: list[Property] = []
    homes: dict[str, set[str]] = {}  # table -> where dbt puts it: database.schema.alias, as far as that is known
    python_reads: dict[tuple[str, str], Span] = {}  # file of a Python model and the table it asks for: where
    by_name: dict[tuple[str, str], list[Property]] = {}  # properties of a (section, name)

    @property
    def warehouse(self) -> str:
        """sqlglot's name of its dialect, empty if nothing tells."""
        return self.names.warehouse

    def of_file(self, path: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.path == path]

    def said_of(self, section: str, name: str) -> list[Property]:
        return self.by_name.get((section, name), [])

    def is_test(self, path: str) -> bool:
        """Whether a file is a test of data: a query for rows that should not be."""
        return lies_in(path, self, "tests")


def of_kind(project: Project, dbt: Dbt, kind: str) -> list[FileFacts]:
    """The project's files in the folders of a kind."""
    inner = {other.folder for other in project.dbt or () if other is not dbt and is_below(other.folder, dbt.folder)}
    return [
        facts
        for facts in project.files.values()
        if lies_in(facts.path, dbt, kind) and not any(is_below(facts.path, folder) for folder in inner)
    ]


def is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(folder + "/")


def lies_in(path: str, dbt: Dbt, kind: str) -> bool:
    key, older, default = _PATHS[kind]
    if not is_below(path, dbt.folder):
        return False
    listed = items(dbt.settings, key) or items(dbt.settings, older)
    roots = [str(value.value) for value in listed] or [default]
    return any(is_below(path, posixpath.normpath(posixpath.join(dbt.folder, root))) for root in roots)


def word(dbt: Dbt, written: str) -> str:
    """A part of a table's name with its Jinja looked up; empty where it is not known, or is no plain word."""
    from mllint.linker.sql.template import rendered

    found = rendered(written, dbt.names) if "{" in written else written
    return found if found and re.fullmatch(r"\w+", found) else ""


def targets(project: Project, dbt: Dbt) -> list[tuple[str, Value]]:
    """What profiles.yml says of the databases that the project may run in, by name, its default first."""
    found = []
    for facts in list(project.named("profiles.yml", "profiles.yaml")) or project.named(*_EXAMPLES):
        profile = get(project.config(facts.path), text(dbt.settings, "profile"))
        default = _default_target(dbt, text(profile, "target"))
        listed = sorted(entries(profile, "outputs"), key=lambda entry: entry.key != default)
        found += [(entry.key, entry.value) for entry in listed]
    return found


def outputs(project: Project, dbt: Dbt) -> list[Value]:
    return [value for _, value in targets(project, dbt)]


def _default_target(dbt: Dbt, written: str) -> str:
    from mllint.linker.sql.template import rendered

    return rendered(written, dbt.names)


def stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]
