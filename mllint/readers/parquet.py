"""Column names from the footer of a Parquet file: the few fields of Thrift's compact protocol that hold them.

pyarrow would import slowly, and hand a stranger's bytes to native code.
"""

from __future__ import annotations

from collections.abc import Iterator

_MAX_DEPTH = 32  # of nested structs that are skipped
_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)


class FooterError(ValueError):
    pass


def column_names(tail: bytes) -> tuple[str, ...]:
    """Names of the top-level columns; empty if `tail`, the end of a file, holds no whole footer.

    Raises FooterError.
    """
    if len(tail) < 12 or tail[-4:] != b"PAR1":
        return ()
    length = int.from_bytes(tail[-8:-4], "little")
    if length > len(tail) - 8:
        return ()
    reader = _Compact(tail[-8 - length : -8])
    for field, kind in reader.fields():
        if field == 2 and kind == _LIST:  # FileMetaData.schema
            return _top_level([_element(reader) for _ in range(reader.list_size(_STRUCT))])
        reader.skip(kind)
    return ()


def _element(reader: _Compact) -> tuple[str, int]:
    """One SchemaElement: its name (field 4) and number of children (field 5)."""
    name, children = "", 0
    for field, kind in reader.fields():
        if field == 4 and kind == _BINARY:
            name = reader.binary().decode("utf-8", "replace")
        elif field == 5 and kind == _I32:
            children = reader.zigzag()
        else:
            reader.skip(kind)
    return name, children


def _top_level(elements: list[tuple[str, int]]) -> tuple[str, ...]:
    """The schema is a tree in pre-order, its root first: `a.list.element` belongs to column `a`."""
    names = []
    inside = 0  # elements that still belong to a nested column
    for name, children in elements[1:]:
        if inside == 0:
            names.append(name)
        else:
            inside -= 1
        inside += max(children, 0)
    return tuple(names)


class _Compact:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def fields(self) -> Iterator[tuple[int, int]]:
        """`(number, kind)` of each field of the struct that begins here; the caller reads or skips its value."""
        number = 0
        while (head := self.byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            yield number, head & 15

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise FooterError("the footer is cut off")
        value = self.data[self.at]
        self.at += 1
        return value

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise FooterError("a number is too long")

    def zigzag(self) -> int:
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def binary(self) -> bytes:
        size = self.varint()
        if size > len(self.data) - self.at:
            raise FooterError("a text is cut off")
        self.at += size
        return self.data[self.at - size : self.at]

    def list_size(self, kind: int | None = None) -> int:
        head = self.byte()
        if kind is not None and head & 15 != kind:
            raise FooterError("a list holds something unexpected")
        self.item = head & 15
        size = head >> 4 if head >> 4 < 15 else self.varint()
        if size > len(self.data) - self.at:
            raise FooterError("a list is cut off")
        return size

    def skip(self, kind: int, depth: int = 0) -> None:
        if depth > _MAX_DEPTH:
            raise FooterError("the footer is nested too deeply")
        if kind in (_BYTE,):
            self.byte()
        elif kind in (_I16, _I32, _I64):
            self.varint()
        elif kind == _DOUBLE:
            self.at += 8
        elif kind == _BINARY:
            self.binary()
        elif kind in (_LIST, _SET):
            size = self.list_size()
            item = self.item
            for _ in range(size):
                # Unlike a field, a boolean in a list takes a byte.
                self.skip(_BYTE if item in (_TRUE, _FALSE) else item, depth + 1)
        elif kind == _STRUCT:
            for _, inner in self.fields():
                self.skip(inner, depth + 1)
        elif kind not in (_TRUE, _FALSE):
            raise FooterError("a field of an unknown type")
