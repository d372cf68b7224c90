"""Files of Snowflake's stages: `session.file.get("@models/eta.joblib", "/tmp")` brings one to a folder."""

from __future__ import annotations

import posixpath
from typing import Any

from mllint.lineage.ids import file_id
from mllint.linker.python.abstract.values import Unknown
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import locate, texts


def get(call: Invocation) -> Any:
    """`session.file.get(stage_location, target_directory)`"""
    m = call.m
    for stage in texts(call.get("stage_location")):
        source = file_id(stage)
        m.effects.mark(source, "dataset", call.span)
        m.effects.access(source, call.span, m.now.path, True)
        for folder in texts(call.get("target_directory")):
            target = locate(m, posixpath.join(folder, posixpath.basename(stage)))
            m.effects.mark(target, "dataset", call.span)
            m.effects.link([source], target, "writes", call.span)
    return Unknown(call.origins())
