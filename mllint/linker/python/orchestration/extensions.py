"""The names under which library models speak of what orchestrators do: `computes:` and `runs:`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mllint.facts import python as facts
from mllint.linker.python.abstract.arguments import Arguments
from mllint.linker.python.abstract.heap import Cell
from mllint.linker.python.abstract.values import Unknown
from mllint.linker.python.library import hydra, schemas, web
from mllint.linker.python.library.invocation import Invocation
from mllint.linker.python.machine import Machine
from mllint.linker.python.orchestration import (
    airflow,
    components,
    container_jobs,
    containers,
    dbt,
    decorated,
    kedro,
    luigi,
    metaflow,
    processes,
    queues,
    snowpark,
)

COMPUTED: dict[str, Callable[[Invocation], Any]] = {
    "decorator": decorated.decorator,
    "dbt_ref": dbt.ref,
    "dbt_source": dbt.source,
    "start_container": containers.start_container,
    "start_containers": containers.start_containers,
    "result_by_id": queues.result_by_id,
    "start_command": processes.start_command,
    "start_words": processes.start_words,
    "start_notebook": processes.start_notebook,
    "run_here": processes.run_here,
    "run_notebook": processes.run_notebook,
    "interpreter": processes.interpreter,
    "snowpark_get": snowpark.get,
    "processing_job": container_jobs.processing_job,
    "training_job": container_jobs.training_job,
    "registered_package": container_jobs.registered_package,
    "kedro_node": kedro.node,
    "kedro_pipeline": kedro.pipeline,
    "airflow_context": airflow.context,
    "airflow_variable": airflow.variable,
    "airflow_output": airflow.output,
    "airflow_pull": airflow.pull,
    "airflow_push": airflow.push,
    "kfp_from_function": components.from_function,
    "metaflow_next": metaflow.next_steps,
    "metaflow_include": metaflow.include_file,
    "luigi_inputs": luigi.inputs,
    "luigi_none": luigi.no_requirements,
    "luigi_target": luigi.target,
    "structure": schemas.structure,
    "plain": schemas.plain,
    "structure_file": schemas.structure_file,
    "hydra_initialize": hydra.initialize,
    "hydra_compose": hydra.compose,
    "hydra_instantiate": hydra.instantiate,
    "hydra_object": hydra.get_object,
    "hydra_folder": hydra.original_folder,
    "hydra_path": hydra.absolute_path,
    "omegaconf_load": hydra.load,
    "omegaconf_merge": hydra.merge,
    "omegaconf_select": hydra.selected,
}

_STARTED: dict[str, Callable[[Machine, Cell, facts.At], None]] = {
    "airflow_dag": airflow.dag,
    "airflow_python": airflow.python,
    "airflow_command": airflow.command,
    "airflow_sql": airflow.sql,
    "airflow_plain": airflow.plain,
    "metaflow": metaflow.run,
    "lifespan": web.lifespan,
}


# what objects of a class of the repository do with what they are given
_FILLED: dict[str, Callable[[Machine, Cell, facts.At, Arguments], None]] = {
    "validated": schemas.validated,
    "from_environment": schemas.from_environment,
}


def made(m: Machine, kind: str, thing: Cell, at: facts.At, given: Arguments = Arguments()) -> None:  # noqa: B008
    """An object of a library's type, or of a subclass of it, has been made: it may be something that runs."""
    known = m.library.types.get(kind)
    if known is not None and known.runs in _FILLED:
        if thing.kind == "instance":
            _FILLED[known.runs](m, thing, at, given)
    elif known is not None and known.runs:
        start = _STARTED[known.runs]
        if thing.kind == "instance" and start not in (airflow.dag, metaflow.run):
            airflow.own(m, thing, at, start)
        elif thing.kind == "object" or start is metaflow.run:
            start(m, thing, at)


def stands_for(m: Machine, value: Any) -> Any:
    """What an attribute of a class is in instances: the default of a `luigi.Parameter(default=3)`."""
    if isinstance(value, Cell) and value.kind == "object":
        known = m.library.types.get(value.slots.get("type", ""))
        if known is not None and known.value:
            return value.slots["arguments"].get(known.value, Unknown(why="a parameter has no default"))
    return value
