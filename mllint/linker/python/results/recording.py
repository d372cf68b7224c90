"""Which files may record what a run comes to: by a tracker, by an orchestrator, which keeps what its tasks print, or
by a logger that writes into a file."""

from __future__ import annotations

import msgspec

from mllint.linker.project import Project
from mllint.linker.python.machine import Machine

_encode = msgspec.msgpack.Encoder().encode
_LOG_FILES = ((b"FileHandler",), (b"basicConfig", b"filename"), (b"loguru", b"add"), (b"hydra", b"main"))


def observe_recording(project: Project, m: Machine) -> None:
    """Fill in `recording` and `log_files`. Costs nothing where no score is told."""
    seen = project.observations
    if not seen.told:
        return
    cut = {job for record in m.effects.records.values() for job in record.cut}  # what they record was not seen
    lost = {problem.path for problem in project.problems if problem.code == "ML006"}
    trackers = [_encode(word) for word in sorted(m.library.trackers)]
    for path, file in sorted(project.files.items()):
        if file.python is not None:
            data = _encode(file.python)
            known = m.library.trackers | m.library.hosts
            is_named = known.intersection(file.python.imports) or any(word in data for word in trackers)
            if is_named or path in cut or path in lost:
                seen.recording.append(path)
        elif file.config is not None:
            data = _encode(file.config)
        else:
            continue
        if any(all(word in data for word in words) for words in _LOG_FILES):
            seen.log_files.append(path)
