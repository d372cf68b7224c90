"""Colours of the terminal, or none."""

from __future__ import annotations

import msgspec


class Palette(msgspec.Struct, frozen=True):
    """Paints text; with `on` false it returns it as it is."""

    on: bool = False
    severity: str = "warning"

    def primary(self, text: str) -> str:
        return self._paint(_SEVERITY.get(self.severity, "33"), text)

    def related(self, text: str) -> str:
        return self._paint("1;34", text)

    def gutter(self, text: str) -> str:
        return self._paint("1;34", text)

    def strong(self, text: str) -> str:
        return self._paint("1", text)

    def good(self, text: str) -> str:
        return self._paint("32", text)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on and text else text


_SEVERITY = {"error": "1;31", "warning": "1;33", "info": "1;36"}
