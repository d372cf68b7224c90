"""Configuration files: bytes -> the positioned tree of `facts.config`."""

from __future__ import annotations

from collections.abc import Iterator

from mllint.facts.config import Document, Value
from mllint.facts.file import FileFacts
from mllint.readers.budget import MAX_BYTES, ReadingError, count_lines, decode, too_deep
from mllint.readers.remarks import lines_with_choice
from mllint.readers.secrets import masked_tree


def read(path: str, kind: str, data: bytes) -> FileFacts:
    """Facts of a yaml, json, toml, ini, env or gin file. What stands before an error is kept; it is a problem."""
    documents: list[Value] = []
    problems = []
    text = ""
    try:
        if len(data) > MAX_BYTES:
            raise ReadingError("ML003", 1, f"{len(data):,} bytes are more than a configuration file should have")
        text = decode(data)
        for document in _documents(kind, text):
            documents.append(masked_tree(document, text))
    except ReadingError as rejected:
        problems.append(rejected.problem(path))
    except RecursionError:
        problems.append(too_deep(1).problem(path))
    choices = lines_with_choice(kind, text, documents)
    config = Document(kind, tuple(documents), choices) if documents or not problems else None
    return FileFacts(path, kind, count_lines(text), config=config, problems=tuple(problems))


def _documents(kind: str, text: str) -> Iterator[Value]:
    # Each format's parser is imported where it is needed: a run over a warm cache needs none.
    match kind:
        case "yaml":
            from mllint.readers.yaml_tree import read_yaml

            yield from read_yaml(text)
        case "json":
            from mllint.readers.json_tree import read_json

            yield from read_json(text)
        case "toml":
            from mllint.readers.toml_tree import read_toml

            yield read_toml(text)
        case "ini":
            from mllint.readers.ini_tree import read_ini

            yield read_ini(text)
        case "env":
            from mllint.readers.ini_tree import read_env

            yield read_env(text)
        case "gin":
            from mllint.readers.gin_tree import read_gin

            yield read_gin(text)
        case _:
            raise ValueError(f"no configuration format: {kind}")
