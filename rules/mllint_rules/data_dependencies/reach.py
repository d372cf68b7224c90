"""Who reads what is written, as far as anybody can tell: by an edge, a declaration, a name, a mention."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from posixpath import basename, dirname

from mllint.rule import Access, Lineage, dataset_of, is_seen


class Reach:
    """Who reads what, as far as anybody can tell."""

    def __init__(self, lineage: Lineage, read: set[str]) -> None:
        self.lineage = lineage
        self.read = read
        self.open = {gap.node.partition(":")[2] for gap in lineage.coverage.gaps if gap.is_read and gap.node}
        self.open |= {id.partition(":")[2] for id in read if "{" in id or "*" in id}
        self.words = set(lineage.observations.supplied)

    def is_read(self, id: str) -> bool:
        graph = self.lineage.graph
        ids = (id, *graph.columns(id))
        onward = any(is_seen(edge) and dataset_of(edge.target) != id for each in ids for edge in graph.out_edges(each))
        return id in self.read or onward

    def may_be_read(self, id: str, writes: list[Access]) -> bool:
        """Whether something reads it, declares to, or names it or a folder of it somewhere else."""
        graph, path = self.lineage.graph, id.partition(":")[2]
        if self.is_read(id) or graph.out_edges(id):
            return True
        if any(fnmatchcase(id, pattern) for entry in self.lineage.declarations.entries for pattern in entry.reads):
            return True
        if any(_matches(pattern, path) for pattern in self.open):
            return True
        base = basename(path)
        above = {path, base}
        while "/" in path:
            path = dirname(path) if dirname(path) != path else ""
            above.add(path)
        if above & (self.words | {each.partition(":")[2] for each in self.read}) - {""}:
            return True
        return self._is_named_elsewhere(id, base, writes)

    def _is_named_elsewhere(self, id: str, base: str, writes: list[Access]) -> bool:
        """Being listed as an output of a stage is no reading; listed twice, a later stage depends on it. Of a name that
        stands nowhere as it is, but is put together, nobody can tell who else does so."""
        writers = {path for write in writes for path in (write.called.path, write.span.path)}
        node = self.lineage.graph.nodes.get(id)
        if node is not None and sum(span.path.endswith("dvc.yaml") for span in node.spans) > 1:
            return True
        mentions = [
            mention  # a copy that is shipped names itself
            for mention in self.lineage.observations.mentions
            if mention.name == base and mention.path != id.partition(":")[2]
        ]
        for mention in mentions:
            own = len({write.called for write in writes if write.called.path == mention.path})
            if mention.path.endswith((".dvc", "dvc.yaml", "dvc.lock")):
                continue
            if mention.path not in writers or mention.times > max(own, 1):
                return True
        return not mentions


def _matches(pattern: str, path: str) -> bool:
    """Whether a name of which parts are unknown may be that path; nothing but unknown parts tells nothing."""
    known = re.sub(r"\{[^{}]*\}|\*", "", pattern).strip("/. ")
    if not known:
        return False
    parts = [re.escape(part) for part in re.split(r"\{[^{}]*\}|\*+", pattern)]
    loose = ".*".join(parts)
    return re.fullmatch(f"(?:.*/)?{loose}(?:/.*)?", path) is not None
