"""Data files that lie in the repository: the header of a CSV or TSV file, the footer of a Parquet file, never a row."""

from __future__ import annotations

import csv
import re

from mllint.discovery import DATA_HEAD
from mllint.facts.datafile import DataFile
from mllint.facts.file import FileFacts
from mllint.readers.parquet import column_names
from mllint.readers.sqltext import text_of

MAX_COLUMNS = 10_000
_DELIMITERS = ",;\t|"
_VALUE = re.compile(
    r"[-+]?[\d.,:/ -]*\d[\d.,:/TZ -]*(?:[eE][-+]?\d+)?|nan|NaN|NULL|null|NA|None|true|false|True|False|"
)


def read(path: str, kind: str, data: bytes) -> FileFacts:
    """Facts without `data` where the columns cannot be told for sure."""
    columns = column_names(data) if kind == "parquet" else header_of(path, data)
    return FileFacts(path, kind, data=DataFile(kind, columns) if columns else None)


def header_of(path: str, data: bytes) -> tuple[str, ...]:
    """The column names of a CSV file, from its first line; empty where that line may be data, or is cut off.

    >>> header_of("x.csv", b'id,"trip, km"\\n1,2\\n')
    ('id', 'trip, km')
    >>> header_of("iris.csv", b"5.1,3.5,1.4,0.2,setosa\\n")
    ()
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data[: len(data) & ~1].decode("utf-16", "replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    line, newline, _ = data.partition(b"\n")
    if (not newline and len(data) >= DATA_HEAD) or b"\0" in line:
        return ()
    names = _split(text_of(line).rstrip("\r"), path.lower().endswith(".tsv"))
    if not names or len(names) > MAX_COLUMNS or len(set(names)) < len(names):
        return ()
    if names[0] == "":  # what DataFrame.to_csv writes for an index without a name, as read_csv calls it
        names[0] = "Unnamed: 0"
    values = sum(_VALUE.fullmatch(name.strip()) is not None for name in names)
    return () if 2 * values >= len(names) else tuple(names)


def _split(line: str, is_tsv: bool) -> list[str]:
    if line.count('"') % 2:  # a quoted name goes on in the next line
        return []
    outside = "".join(line.split('"')[::2])
    delimiter = "\t" if is_tsv else max(_DELIMITERS, key=outside.count)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
