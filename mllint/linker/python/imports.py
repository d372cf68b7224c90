"""Which file of the repository an import means: absolute and relative, with `src` layouts and `sys.path` habits."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache

from mllint.facts import python as facts
from mllint.linker.project import Project

DOT = "\0"  # stands for a dot in the name of a folder: `{{ cookiecutter.package }}`


_folder = lru_cache(maxsize=10_000)(posixpath.dirname)


def extends_path(statements: tuple[facts.Stmt, ...]) -> bool:
    """`sys.path.append("../notebooks")` at the top of a module, or in a test whether it is there."""
    for statement in statements:
        match statement:
            case facts.Evaluate(
                value=facts.Call(
                    function=facts.Attribute(value=facts.Attribute(value=facts.Name(id="sys"), name="path"))
                )
            ):
                return True
            case facts.If(then=then) if extends_path(then):
                return True
    return False


def imports_plainly(statements: tuple[facts.Stmt, ...], name: str) -> bool:
    """`import name` at the top of a module."""
    return any(
        isinstance(statement, facts.Import) and any(alias.name == name for alias in statement.names)
        for statement in statements
    )


def _own_name(path: str) -> str:
    return posixpath.basename(path).removesuffix(".py")


class Imports:
    def __init__(self, project: Project, libraries: Collection[str] = ()) -> None:
        self.modules = {f.path for f in project.of_kind("python")}
        self.folders = {posixpath.dirname(path) for path in self.modules}
        self.packages = {folder for folder in self.folders if posixpath.join(folder, "__init__.py") in self.modules}
        self.all_folders = {""}
        for folder in self.folders:
            while folder:
                self.all_folders.add(folder)
                folder = posixpath.dirname(folder)
        names = {posixpath.basename(path).removesuffix(".py") for path in self.modules}
        self.first_names = names | {posixpath.basename(folder) for folder in self.all_folders}
        self.roots = sorted(self._roots(), key=lambda root: (root.count("/"), root))
        read = {f.path: f.python for f in project.of_kind("python", "notebook") if f.python is not None}
        self.extending = {
            path for path, module in read.items() if "sys" in module.imports and extends_path(module.body)
        }
        # `mlflow.py` that imports `mlflow` itself is no library's stand-in: it would import itself
        self.wrappers = {path for path, module in read.items() if _own_name(path) in module.imports}
        self.others = set(self._named_like(libraries, read))
        self.found: dict[tuple[str, str, bool], str | None] = {}
        self.importers: dict[str, set[str]] = {}
        self.note: Callable[[str, str], None] = lambda module, importer: None

    def _named_like(self, libraries: Collection[str], python: Mapping[str, facts.Module]) -> Iterator[str]:
        """Packages inside of packages that bear the name of a library, which their own modules import: `import gin` in
        `tools/gin/parser.py` is none of `tools.gin`."""
        inner = {folder for folder in self.packages if posixpath.dirname(folder) in self.packages}
        for folder in sorted(folder for folder in inner if posixpath.basename(folder) in libraries):
            name = posixpath.basename(folder)
            own = (python[path] for path in python if path.startswith(f"{folder}/"))
            if any(name in file.imports and imports_plainly(file.body, name) for file in own):
                yield folder

    def _roots(self) -> set[str]:
        """Folders from which absolute imports may start: those that hold packages or modules but are no package, and
        no part of one that lacks its `__init__.py`."""
        roots = {""}
        for folder in self.all_folders - self.packages:
            if posixpath.dirname(folder) in self.packages - {""}:
                continue
            has_modules = folder in self.folders
            has_packages = any(posixpath.dirname(package) == folder for package in self.packages)
            if has_modules or has_packages or posixpath.basename(folder) in ("src", "lib", "app", "python"):
                roots.add(folder)
        return roots

    def find(self, dotted: str, importer: str) -> str | None:
        """The path of the module `dotted` as `importer` sees it, `None` if it is not of the repository.

        A script sees its own folder first; then the folders above it, then every root. A folder without
        `__init__.py` (a namespace package) is found as the folder itself, ending in `/`. A module inside a package
        hides none of the standard library: `import io` in `models/io.py`."""
        path = self.path_of(dotted, importer)
        if path is not None and path != importer:
            self.importers.setdefault(path, set()).add(importer)
            self.note(path, importer)
        return path

    def path_of(self, dotted: str, importer: str) -> str | None:
        """As `find`, for who only asks and imports nothing."""
        key = (dotted, _folder(importer), importer in self.extending)
        if key not in self.found:
            found = self._find(dotted, key[1]) if dotted else None
            self.found[key] = self._in_package(dotted) if found is None and dotted and key[2] else found
        return self.found[key]

    def _find(self, dotted: str, folder: str) -> str | None:
        relative = dotted.replace(".", "/").replace(DOT, ".")
        first = relative.partition("/")[0]
        if first not in self.first_names:  # of no file or folder: a library
            return None
        namespace: str | None = None
        above = [folder]
        while folder:
            folder = posixpath.dirname(folder)
            above.append(folder)
        is_standard = first in sys.stdlib_module_names
        for root in (*above, *self.roots):
            if is_standard and root in self.packages:
                continue
            base = posixpath.join(root, relative)
            if posixpath.join(root, first) in self.others:
                continue
            for candidate in (f"{base}.py", f"{base}/__init__.py"):
                if candidate in self.modules and not (first == relative and candidate in self.wrappers):
                    return candidate
            if namespace is None and base in self.all_folders:
                namespace = base + "/"
        return namespace

    def _in_package(self, dotted: str) -> str | None:
        """The one module of that name inside a package: where the importer has put such a folder on `sys.path`."""
        if dotted.partition(".")[0] in sys.stdlib_module_names:
            return None
        relative = dotted.replace(".", "/").replace(DOT, ".")
        found = [path for folder in self.packages if (path := posixpath.join(folder, f"{relative}.py")) in self.modules]
        return found[0] if len(found) == 1 else None

    def absolute(self, module: str, level: int, importer: str) -> str:
        """The dotted name that a relative import means, from the importer's folder upwards: unambiguous, since it
        is written from the repository's root."""
        if level == 0:
            return module
        folder = posixpath.dirname(importer)
        for _ in range(level - 1):
            folder = posixpath.dirname(folder)
        prefix = folder.replace(".", DOT).replace("/", ".")
        return ".".join(part for part in (prefix, module) if part)
