"""Sets that grow while entry points run, and that all of them look into."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from mllint.linker.python.reads import Tracker

T = TypeVar("T")


class Noted(set[T], Generic[T]):
    """A set that grows while entry points run. Which of its members an entry point asked for, is noted, and what it
    added itself."""

    def __init__(self, tracker: Tracker, kind: str) -> None:
        super().__init__()
        self._tracker = tracker
        self._kind = kind

    def __contains__(self, item: object) -> bool:
        found = set.__contains__(self, item)
        tracker = self._tracker
        if tracker.entry is None:
            return found
        if item not in getattr(tracker.saying, self._kind):
            tracker.read(f"{self._kind}:{as_text(item)}", b"1" if found else b"0")
        elif tracker.loading and (self._kind, item) in tracker.by_body:
            tracker.is_live = True  # a module asks for what the importing code has added
        return found

    def add(self, item: T) -> None:
        tracker = self._tracker
        if tracker.entry is not None:
            getattr(tracker.saying, self._kind)[item] = None
            if not tracker.loading:
                tracker.by_body.add((self._kind, item))
        set.add(self, item)

    def __ior__(self, items: Iterable[T]) -> Noted[T]:  # type: ignore[override,misc]
        for item in items:
            self.add(item)
        return self

    def among(self, items: Iterable[T]) -> set[T]:
        return {item for item in items if item in self}


def as_text(item: object) -> str:
    return item if isinstance(item, str) else "\0".join(map(str, item))  # type: ignore[call-overload]
