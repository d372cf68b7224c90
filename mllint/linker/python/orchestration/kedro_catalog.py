"""A Kedro project's configuration: which file or table a dataset's name is, and what its parameters are.

    model_input_table:
      type: pandas.ParquetDataset
      filepath: ${globals:folders.primary}/model_input_table.parquet

Names of which the base environment knows nothing are looked for in the others. What no catalog names is in memory."""

from __future__ import annotations

import posixpath
import re
from typing import Any

import msgspec

from mllint.linker.python.abstract.values import Constant, Text, text_of
from mllint.linker.python.library.omega import Composed, Leaf, Tree, merged, select, tree_of
from mllint.linker.python.machine import HERE, Machine

MOST_FILES = 200


class Dataset(msgspec.Struct, frozen=True):
    """What a catalog entry stands for: exactly one of `file`, `table`, `sql` and `url` is a value, or none of them
    (it is in memory). `kind` is the type as written: `pandas.CSVDataset`."""

    kind: str
    file: Any = None
    table: str = ""
    sql: Any = None
    url: Any = None


class Project:
    """The configuration below `ROOT/conf`."""

    def __init__(self, m: Machine, root: str) -> None:
        self.m = m
        self.root = root
        self.catalogs: list[Composed] = []  # one for each environment, base first
        for environment in self._environments():
            tree = self._trees("catalog", environment)
            if tree:  # before OmegaConf, globals were named without more: `${folder}/trips.csv`
                known = merged(self._globals(environment), tree)
                self.catalogs.append(Composed(m, known, self._resolvers(environment)))
        base = self._environments()[:1]
        self.parameters = Composed(m, {}, {})
        for environment in reversed(self._environments()):
            overlay = self._trees("parameters", environment)
            self.parameters.root = merged(self.parameters.root, overlay)
        self.parameters.resolvers = self._resolvers(base[0]) if base else {}

    def _environments(self) -> list[str]:
        prefix = posixpath.join(self.root, "conf") + "/"
        found = {path[len(prefix) :].partition("/")[0] for path in self.m.project.files if path.startswith(prefix)}
        ranks = {"base": 0, "local": 1}
        return sorted(
            (name for name in found if f"{prefix}{name}" in self.m.project.folders),
            key=lambda name: (ranks.get(name, 2), name),
        )

    def _trees(self, what: str, environment: str) -> Tree:
        """All `catalog*.yml` (or `parameters*`) of an environment, also in folders of that name, merged."""
        prefix = posixpath.join(self.root, "conf", environment) + "/"
        result: Tree = {}
        for path, facts in self.m.project.files.items():
            if not path.startswith(prefix) or facts.kind not in ("yaml", "json"):
                continue
            if any(part.startswith(what) for part in path[len(prefix) :].split("/")):
                value = self.m.project.config(path)
                if value is not None and value.kind == "mapping":
                    result = merged(result, tree_of(value, path))
        return result

    def _globals(self, environment: str) -> Tree:
        return merged(self._trees("globals", "base"), self._trees("globals", environment))

    def _resolvers(self, environment: str) -> dict[str, Any]:
        known = self._globals(environment)

        def from_globals(argument: str, default: str | None) -> Tree | None:
            found = select(known, argument)
            return found if found is not None else Leaf(default) if default is not None else None

        return {"globals": from_globals}

    # ------------------------------------------------------------------------------------------- the catalog

    def dataset(self, name: str) -> Dataset | None:
        """What the catalog says of a dataset's name; `None` if it is not in it."""
        for composed in self.catalogs:
            tree = composed.root.get(name)
            if isinstance(tree, dict):
                return self._read(composed, tree, {})
        patterns = [(key, composed) for composed in self.catalogs for key in composed.root if "{" in key]
        for pattern, composed in sorted(patterns, key=lambda found: (-_literals(found[0]), found[0])):
            fields = _match(pattern, name)
            if fields is not None and isinstance(composed.root[pattern], dict):
                return self._read(composed, composed.root[pattern], fields)
        return None

    def _read(self, composed: Composed, tree: Tree, fields: dict[str, str]) -> Dataset:
        inner = tree.get("dataset")
        if isinstance(inner, dict) and not ({"path", "filepath"} & set(tree)):  # CachedDataset, MlflowArtifactDataset
            return self._read(composed, inner, fields)

        def text(key: str) -> Any:
            value = composed.value(tree[key], (key,)) if key in tree else None
            return _fill(value, fields)

        kind = text_of(text("type")) or ""
        inner_kind = _fill(composed.value(inner.get("type")) if isinstance(inner, dict) else text("dataset"), fields)
        if "Partitioned" in kind or "Incremental" in kind:
            return Dataset(kind, self._located(text("path")))
        if "sql" in tree:
            return Dataset(kind, sql=text("sql"))
        table = text_of(text("table_name")) or text_of(text("table"))
        if table:
            above = [text_of(text(key)) for key in ("catalog", "project", "database", "dataset", "schema")]
            for key in ("load_args", "save_args"):  # pandas.SQLTableDataset
                if isinstance(tree.get(key), dict) and "schema" in tree[key] and above[-1] is None:
                    above[-1] = text_of(composed.value(tree[key]["schema"]))
            held = [part for part in above if part and "{" not in part] if text_of(inner_kind) != table else []
            return Dataset(kind, table=".".join([*held, table]) if "." not in table else table)
        file = text("filepath") if "filepath" in tree else text("path")
        if file is not None and "Query" in kind:
            return Dataset(kind, sql=self._located(file))
        if file is not None:
            return Dataset(kind, self._located(file))
        url = text("url")
        return Dataset(kind, url=url)

    def _located(self, file: Any) -> Any:
        """A path is relative to the project's folder."""
        text = text_of(file) or ""
        if not text or "://" in text or text.startswith("/"):
            return file
        prefix = f"{HERE}/{self.root}/" if self.root else f"{HERE}/"
        if isinstance(file, Constant):
            return Constant(prefix + text, file.settings)
        return Text((prefix, *file.parts)) if isinstance(file, Text) else file


def _literals(pattern: str) -> int:
    return len(re.sub(r"\{[^{}]*\}", "", pattern))


def _match(pattern: str, name: str) -> dict[str, str] | None:
    """`{namespace}.{layer}_table` against a name."""
    expression, seen = "", set()
    for index, part in enumerate(re.split(r"\{(\w+)\}", pattern)):
        if index % 2 == 0:
            expression += re.escape(part)
        elif part in seen:
            expression += f"(?P={part})"
        else:
            seen.add(part)
            expression += f"(?P<{part}>.+?)"
    if len(seen) > 3 or len(name) > 150 or any(not field.isidentifier() for field in seen):
        return None  # more fields than that take too long to tell apart in a long name
    found = re.fullmatch(expression, name)
    return found.groupdict() if found else None


def _fill(value: Any, fields: dict[str, str]) -> Any:
    if not fields or not isinstance(value, Constant) or not isinstance(value.value, str):
        return value
    return Constant(re.sub(r"\{(\w+)\}", lambda hit: fields.get(hit[1], hit[0]), value.value), value.settings)


def project_of(m: Machine, path: str) -> Project:
    """The Kedro project that a file belongs to: the nearest folder above it that has a `conf` with a catalog."""
    projects = m.plans.setdefault("kedro projects", {})
    folder = posixpath.dirname(path)
    while folder and not _has_catalog(m, folder):
        folder = posixpath.dirname(folder)
    if folder not in projects:
        projects[folder] = Project(m, folder)
    found: Project = projects[folder]
    return found


def _has_catalog(m: Machine, folder: str) -> bool:
    return posixpath.join(folder, "conf", "base") in m.project.folders
