"""What operators are given as text: Jinja templates, commands that start files, SQL, and names of what is copied."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mllint.facts import python as facts
from mllint.libraries.models import Entry, Place
from mllint.lineage.ids import file_id, is_telling, table_id
from mllint.linker.python.abstract import texts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Constant, Hole, Text, Tuple, Unknown, options_of, text_of
from mllint.linker.python.iteration import entries_of, is_inner, items_of
from mllint.linker.python.library import queries, storage
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.library.locate import locate
from mllint.linker.python.library.templates import fill
from mllint.linker.python.machine import HERE, Machine
from mllint.linker.python.orchestration import passing
from mllint.linker.systems.downloads import copied_by, download_of
from mllint.linker.systems.scripts import started_by
from mllint.readers.commands import split_commands
from mllint.source import Span

MOST_PLACES = 64
_TEMPLATE = re.compile(r"\{\{(.{0,300}?)\}\}", re.DOTALL)
_PULL = re.compile(r"xcom_pull\(\s*(?:task_ids\s*=\s*)?\[?\s*['\"]([\w.-]+)['\"]")


def render(
    m: Machine, value: Any, params: Mapping[str, Any], pulled: Callable[[str], Any], at: facts.At, depth: int = 4
) -> Any:
    """A value in which every text that holds `{{ ... }}` is filled in, as far as it is known."""
    match value:
        case Constant(value=str() as text) if "{{" in text:
            return _filled(text, params, pulled)
        case Text(parts=parts) if any(isinstance(part, str) and "{{" in part for part in parts):
            pieces = [(_filled(p, params, pulled), "") if isinstance(p, str) else (Text((p,)), p.name) for p in parts]
            return texts.concatenate(pieces)
        case Tuple(items=items) if depth:
            return Tuple(tuple(render(m, item, params, pulled, at, depth - 1) for item in items))
        case Cell(kind="list") if depth:
            items = tuple(render(m, item, params, pulled, at, depth - 1) for item in value.slots["items"])
            return m.heap.new("list", {**value.slots, "items": items}, value.site)
        case Cell(kind="dict") if depth:
            slots = {
                key: item if is_inner(key) else render(m, item, params, pulled, at, depth - 1)
                for key, item in value.slots.items()
            }
            return m.heap.new("dict", slots, value.site)
    return value


def _filled(text: str, params: Mapping[str, Any], pulled: Callable[[str], Any]) -> Any:
    whole = _TEMPLATE.fullmatch(text.strip())
    if whole is not None and (task := _PULL.search(whole[1])):
        return pulled(task[1])
    pieces: list[tuple[Any, str]] = []
    end = 0
    for hit in _TEMPLATE.finditer(text):
        pieces.append((Constant(text[end : hit.start()]), ""))
        pieces.append(_expression(hit[1], params, pulled))
        end = hit.end()
    pieces.append((Constant(text[end:]), ""))
    return texts.concatenate(pieces)


def _expression(inner: str, params: Mapping[str, Any], pulled: Callable[[str], Any]) -> tuple[Any, str]:
    if task := _PULL.search(inner):
        return pulled(task[1]), task[1]
    words = re.findall(r"\w+", inner.partition("|")[0].partition("(")[0]) or ["value"]
    name = words[-1]
    if words[0] == "macros":  # `macros.ds_add(ds, -1)`
        name = next(iter(re.findall(r"\w+", inner.partition("(")[2])), name)
    if words[0] == "params" and len(words) == 2 and name in params:
        return params[name], name
    return Text((Hole(name),)), name


# ------------------------------------------------------------------------------------------------ commands

_COMMANDS = ("bash_command", "command", "cmds", "arguments", "command_args")


def start_files(m: Machine, given: Mapping[str, Any], at: facts.At, by: str = "stage") -> None:
    """Note the files of the repository that a command starts; they are interpreted with its arguments. `by` is what
    starts them: a task of a DAG, or a process of its own."""
    if m.in_test:
        return
    words = " ".join(filter(None, (_words(m, given.get(name), at) for name in _COMMANDS)))
    if "application" in given:
        script = text_of(given["application"]) or ""
        words = f"python {script} {_words(m, given.get('application_args'), at)}"
    if "input_nb" in given:
        words = f"papermill {text_of(given['input_nb'])} out.ipynb {_parameters(given.get('parameters'))}"
    plain = _TEMPLATE.sub(lambda hit: "$" + (re.findall(r"\w+", hit[1]) or ["value"])[-1], words)
    plain = plain.replace(f"{HERE}/", "{root}/")
    span = m.span(at)
    own = posixpath.dirname(m.effects.path)
    for command in split_commands(plain, span.line, ""):
        _fetch(m, command.words, span)
        for run in started_by(m.project, command, ["", own, posixpath.dirname(own)], m.job, span):
            if run.language == "python":
                m.plans.setdefault("runs", {})[msgspec.structs.replace(run, by=by)] = None


def _fetch(m: Machine, words: tuple[str, ...], span: Span) -> None:
    """`subprocess.run(["curl", "-o", path, url])`, `os.system("cp -r data/ train/")`: the file comes from there."""

    def at(path: str) -> str:
        return locate(m, path.replace("{root}", HERE))

    pairs = [(file_id(source), at(path)) for source, path in filter(None, (download_of(words),))]
    copied = copied_by(words, lambda path: at(path).removeprefix("file:") in m.project.folders)
    pairs += [(at(source), at(path)) for source, path in copied if is_telling(f"file:{source}")]
    for source, target in pairs:
        m.effects.mark(source, "dataset", span)
        m.effects.access(source, span, m.now.path, True)
        m.effects.access(target, span, m.now.path, False)
        m.effects.mark(target, "dataset", span)
        m.effects.link([source], target, "writes", span, is_copy=True)
        storage.carry(m, source, target, span)


def _words(m: Machine, value: Any, at: facts.At) -> str:
    text = text_of(value)
    if text is not None:
        return text
    if isinstance(value, Tuple | Cell):
        items = items_of(m, value, at).known or []
        found = [next(filter(None, map(text_of, options_of(item))), "{unknown}") for item in items]
        if len(found) == 1 or (len(found) > 1 and found[0] in ("sh", "bash", "/bin/sh", "/bin/bash")):
            return found[-1]  # `["bash", "-c", "python train.py"]`
        return " ".join(word if "{{" in word else shlex.quote(word) for word in found)
    return ""


def _parameters(value: Any) -> str:
    known, _ = entries_of(value) if value is not None else ({}, None)
    return " ".join(f"-p {name} {shlex.quote(_parameter(item))}" for name, item in known.items())


def _parameter(value: Any) -> str:
    if isinstance(value, Constant):
        return str(value.value)
    return text_of(value) or "{unknown}"


# ----------------------------------------------------------------------------------------------------- SQL

_DIALECTS = {
    "Postgres": "postgres", "BigQuery": "bigquery", "Snowflake": "snowflake", "Redshift": "redshift", "MySql": "mysql",
    "Trino": "trino", "Presto": "presto", "Athena": "athena", "Databricks": "databricks", "MsSql": "tsql",
    "Sqlite": "sqlite", "Oracle": "oracle", "ClickHouse": "clickhouse", "Hive": "hive",
}  # fmt: skip


def run_sql(m: Machine, class_name: str, given: Mapping[str, Any], params: Mapping[str, Any], at: facts.At) -> Any:
    """Run what an operator's `sql` (`hql`, `query`, `configuration["query"]["query"]`) says; the rows it selects."""
    value = next((given[name] for name in ("sql", "hql", "query") if name in given), None)
    target = ""
    if value is None and "configuration" in given:
        job = m.item(given["configuration"], Constant("query"), at)
        value = m.item(job, Constant("query"), at)
        if isinstance(job, Cell) and "destinationTable" in job.slots:
            named = job.slots["destinationTable"]
            parts = [text_of(m.item(named, Constant(key), at)) for key in ("projectId", "datasetId", "tableId")]
            target = ".".join(part for part in parts if part)
    target = target or text_of(given.get("destination_dataset_table")) or ""
    if value is None:
        return None
    options = [value] if text_of(value) is not None else items_of(m, value, at).known or []
    last = class_name.rpartition(".")[2]
    dialect = next((dialect for name, dialect in _DIALECTS.items() if last.startswith(name)), "")
    rows = None
    for each in options:
        arguments = Arguments((), {"sql": _statement(m, each, params, at)})
        invocation = Invocation(m, "sql", Entry(), None, arguments, at)
        found = queries.execute(invocation, Place(query="sql", dialect=dialect))
        rows = found if isinstance(found, Cell) else rows
    if rows is not None and target:
        passing.put(m, table_id(target.replace(":", ".")), rows, at)
    return rows


def _statement(m: Machine, value: Any, params: Mapping[str, Any], at: facts.At) -> Any:
    """The text of a query. A path is relative to the DAG's file, or to a folder that templates are searched in."""
    text = (text_of(value) or "").strip()
    values = {"params": m.heap.new("dict", dict(params), (m.now.path, at))}
    if not text.endswith((".sql", ".hql")) or " " in text:
        return fill(m, text, values, at) if "{{" in text or "{%" in text else value
    wanted = locate(m, text).removeprefix("file:")
    named = [path for path in m.project.files if path == wanted or path.endswith("/" + text.lstrip("./"))]
    for path in sorted(named, key=lambda path: (path != wanted, path))[:1]:
        file = m.project.files[path]
        if file.sql is not None:
            m.take(path)
            return fill(m, file.sql.text, values, at) if file.sql.jinja else Constant(file.sql.text)
    return Unknown(why=f"`{text}` is not in sight")


# ----------------------------------------------------------------------------------------------- transfers

# Class -> what it copies from and to: a place of files (bucket and key), a file, or a table.
_TRANSFERS: dict[str, tuple[str, str]] = {
    "GCSToBigQueryOperator": ("gs://{bucket}/{source_objects}", "table:{destination_project_dataset_table}"),
    "BigQueryToGCSOperator": ("table:{source_project_dataset_table}", "{destination_cloud_storage_uris}"),
    "S3ToRedshiftOperator": ("s3://{s3_bucket}/{s3_key}", "table:{schema}.{table}"),
    "RedshiftToS3Operator": ("table:{schema}.{table}", "s3://{s3_bucket}/{s3_key}"),
    "LocalFilesystemToGCSOperator": ("file:{src}", "gs://{bucket}/{dst}"),
    "LocalFilesystemToS3Operator": ("file:{filename}", "s3://{dest_bucket}/{dest_key}"),
    "GCSToLocalFilesystemOperator": ("gs://{bucket}/{object_name}", "file:{filename}"),
    "GCSToGCSOperator": ("gs://{source_bucket}/{source_object}", "gs://{destination_bucket}/{destination_object}"),
    "S3CopyObjectOperator": ("s3://{source_bucket_name}/{source_bucket_key}", "s3://{dest_bucket_name}/{dest_bucket_key}"),
}  # fmt: skip


def transfer(m: Machine, class_name: str, given: Mapping[str, Any], at: facts.At) -> None:
    """What an operator copies from one place to another."""
    ends = _TRANSFERS.get(class_name.rpartition(".")[2])
    if ends is None:
        return
    span = m.span(at)
    sources, targets = (_places(m, end, given, at) for end in ends)
    for node in sources:
        m.effects.mark(node, "dataset", span)
        m.effects.access(node, span, m.now.path, True)
    for node in targets:
        m.effects.mark(node, "dataset", span)
        m.effects.access(node, span, m.now.path, False)
        m.effects.link(sources, node, "writes", span)


def _places(m: Machine, template: str, given: Mapping[str, Any], at: facts.At) -> list[str]:
    """Every node that the template names; none if a part of it is not known at all."""
    found = [template]
    for name in re.findall(r"\{(\w+)\}", template):
        value = given.get(name)
        if value is None:
            return []
        options = (
            [text_of(value)] if text_of(value) is not None else [text_of(i) for i in items_of(m, value, at).known or []]
        )
        filled = [
            _TEMPLATE.sub(lambda hit: "{" + (re.findall(r"\w+", hit[1]) or ["value"])[-1] + "}", o)
            for o in options
            if o
        ]
        found = [each.replace("{" + name + "}", option, 1) for each in found for option in filled][:MOST_PLACES]
    return [
        table_id(each.removeprefix("table:").replace(":", ".")) if each.startswith("table:")
        else locate(m, each.removeprefix("file:")) if each.startswith("file:") else file_id(each)
        for each in found
    ]  # fmt: skip
