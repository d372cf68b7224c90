"""SQL in files of its own that Python fills in: format, %, string.Template, Jinja, and templates of Airflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.linking import columns, edges, linked

START = """
from pathlib import Path
import psycopg2
SQL = Path(__file__).parent / "sql"
cursor = psycopg2.connect("").cursor()
"""


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("insert into {target} select km, fee from {source}", "TEXT.format(source='raw.rides', target='out.rides')"),
        (
            "insert into %(target)s select km, fee from %(source)s",
            "TEXT % {'source': 'raw.rides', 'target': 'out.rides'}",
        ),
        (
            "insert into $target select km, fee from ${source}",
            "__import__('string') and Template(TEXT).substitute(source='raw.rides', target='out.rides')",
        ),
        (
            "insert into {{ target }} select {% for c in columns %}{{ c }}{{ ', ' if not loop.last }}{% endfor %} "
            "{% if later %}, later {% endif %} from {{ source }}",
            "J(TEXT).render({'source': 'raw.rides'}, target='out.rides', columns=['km', 'fee'], later=False)",
        ),
        (
            "insert into {{ target.table }} select km, fee from {{ source }}",
            "Environment(loader=FileSystemLoader(['other', 'sql'])).get_template('fill.sql')"
            ".render(source='raw.rides', target={'table': 'out.rides'})",
        ),
    ],
    ids=["format", "percent", "dollar", "jinja", "environment"],
)
def test_files_that_python_fills_in(tmp_path: Path, template: str, code: str) -> None:
    imports = "from string import Template\nfrom jinja2 import Environment, FileSystemLoader, Template as J\n"
    text = "(SQL / 'fill.sql').read_text()"
    code = imports + START + f"cursor.execute({code.replace('TEXT', text)})\n"
    lineage = linked(tmp_path, {"run.py": code, "sql/fill.sql": template})
    assert edges(lineage) == {("table:raw.rides", "table:out.rides")}
    assert columns(lineage, "table:out.rides") == {"km", "fee"}
    assert not any("{" in id or "$" in id for id in lineage.graph.nodes)


def test_what_python_does_not_know_stays_open(tmp_path: Path) -> None:
    code = "import sys\nfrom jinja2 import Template\n" + START
    code += "text = (SQL / 'fill.sql').read_text()\n"
    code += "cursor.execute(Template(text).render(day=sys.argv[1], table='raw.rides'))\n"
    template = "insert into out.rides_{{ day }} select km from {{ table }} where '{{ day }}' < day"
    lineage = linked(tmp_path, {"run.py": code, "sql/fill.sql": template})
    [(source, target)] = edges(lineage)
    assert source == "table:raw.rides"
    assert target.startswith("table:out.rides_{")


@pytest.mark.parametrize(
    "query",
    [
        'f"insert into {project}.mart.kms select km from {project}.raw.rides"',
        '"insert into {project}.mart.kms select km from {project}.raw.rides".format(project=project)',
        '"insert into {0}.mart.kms select km from {0}.raw.rides".format(project)',
        '"insert into %(p)s.mart.kms select km from %(p)s.raw.rides" % {"p": project}',
        'SQL.replace("PROJECT", project)',
    ],
)
def test_one_environment_at_a_time(tmp_path: Path, query: str) -> None:
    code = f"""
import os
from google.cloud import bigquery
SQL = "insert into PROJECT.mart.kms select km from PROJECT.raw.rides"
project = "prod" if os.getenv("PRODUCTION") else "dev"
bigquery.Client().query({query})
"""
    lineage = linked(tmp_path, {"load.py": code})
    assert edges(lineage) == {
        ("table:dev.raw.rides", "table:dev.mart.kms"),
        ("table:prod.raw.rides", "table:prod.mart.kms"),
    }


DAG = """
from airflow import DAG
from airflow.providers.postgres.operators.postgres import PostgresOperator

with DAG("d", params={"schema": "raw"}) as dag:
    PostgresOperator(task_id="a", sql="sql/load.sql", params={"target": "mart.rides", "columns": ["km", "fare"]})
    PostgresOperator(
        task_id="b",
        sql="{% for t in params.targets %}insert into out.{{ t }} select km from mart.rides; {% endfor %}",
        params={"targets": ["x", "y"]},
    )
"""
LOAD = """
    insert into {{ params.target }}
    select {% for c in params.columns %}{{ c }}{{ ", " if not loop.last }}{% endfor %}
    from {{ params.schema }}.rides_{{ ds_nodash }}
    where day = '{{ macros.ds_add(ds, -1) }}'
"""


def test_templates_of_airflow(tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"dags/d.py": DAG, "dags/sql/load.sql": LOAD})
    assert edges(lineage) == {
        ("table:raw.rides_{ds_nodash}", "table:mart.rides"), ("table:mart.rides", "table:out.x"),
        ("table:mart.rides", "table:out.y"),
    }  # fmt: skip
    assert columns(lineage, "table:mart.rides") == {"km", "fare"}
