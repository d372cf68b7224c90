"""SQL files in the graph: tables, columns, consumers, order of files, dbt's templates."""

from __future__ import annotations

from pathlib import Path

import linking
from sql_helpers import edges, linked

from mllint.facts.commands import Command
from mllint.facts.datafile import DataFile
from mllint.facts.file import FileFacts
from mllint.linker.jinja.lenient import without_tags
from mllint.linker.sql.text import named, readable
from mllint.source import Span


def test_tables_and_columns_are_linked() -> None:
    project = linked(job="INSERT INTO mart.t (km)\nSELECT r.metres / 1000 FROM raw.rides r WHERE r.day > 3")
    assert edges(project) == {
        ("table:raw.rides", "table:mart.t"),
        ("column:table:raw.rides#metres", "column:table:mart.t#km"),
    }
    assert edges(project, "indirect") == {("column:table:raw.rides#day", "table:mart.t")}
    [edge] = project.graph.in_edges("column:table:mart.t#km")
    assert (edge.expression, edge.job, edge.language, edge.kind) == ("metres / 1000", "job.sql", "sql", "derives")
    [read] = project.graph.in_edges("table:mart.t")[1:]
    assert read.span == Span("job.sql", 2, 29, 2, 29)
    assert project.graph.nodes["column:table:mart.t#km"].kind == "column"
    assert (project.coverage.reads.resolved, project.coverage.writes.resolved) == (1, 1)


def test_tables_defined_in_later_files_expand_stars() -> None:
    project = linked(
        a_use="CREATE TABLE t AS SELECT * FROM made",
        b_make="CREATE VIEW made AS SELECT id, fare FROM rides",
        c_schema="CREATE TABLE rides (id int, fare int)",
    )
    columns = {pair for pair in edges(project) if pair[0].startswith("column:")}
    assert columns == {
        ("column:table:rides#id", "column:table:made#id"),
        ("column:table:rides#fare", "column:table:made#fare"),
        ("column:table:made#id", "column:table:t#id"),
        ("column:table:made#fare", "column:table:t#fare"),
    }
    assert project.graph.nodes["table:rides"].attributes["columns"] == ["id", "fare"]


def test_files_that_use_each_other_end() -> None:
    project = linked(a="INSERT INTO x SELECT i FROM y", b="INSERT INTO y SELECT i FROM x")
    assert {("table:x", "table:y"), ("table:y", "table:x")} <= edges(project)


def test_the_graph_does_not_depend_on_the_order_of_files() -> None:
    texts = {"a": "CREATE TABLE t AS SELECT * FROM u", "b": "CREATE TABLE u AS SELECT x FROM v", "c": "SELECT x FROM t"}
    one, other = linked(**texts), linked(**dict(reversed(texts.items())))
    assert one.graph.edges() == other.graph.edges()
    assert one.graph.nodes == other.graph.nodes


def test_a_query_without_target_is_a_consumer() -> None:
    project = linked(report="SELECT a FROM t")
    assert edges(project) == {("table:t", "consumer:report.sql")}
    assert project.graph.nodes["consumer:report.sql"].kind == "consumer"


def test_a_query_that_a_command_runs_is_none() -> None:
    shell = FileFacts("run.sh", "shell", commands=(Command(("psql", "-f", "report.sql"), 1),))
    assert edges(linked(shell, report="SELECT a FROM t")) == set()


def test_an_unresolved_name_makes_an_unresolved_edge() -> None:
    project = linked(job="INSERT INTO t SELECT a FROM {schema}.rides")
    [edge] = project.graph.in_edges("table:t")
    assert (edge.source, edge.resolved) == ("table:{schema}.rides", False)
    assert (project.coverage.reads.resolved, project.coverage.reads.all) == (0, 1)


def test_names_of_which_nothing_is_known_are_not_one() -> None:
    project = linked(
        a="CREATE TABLE {{ product }} AS SELECT a FROM raw.t", b="CREATE TABLE u AS SELECT * FROM {{product}}"
    )
    assert set(project.graph.nodes) == {"table:raw.t", "table:u", "column:table:raw.t#a", "column:table:u#*"}
    assert not project.graph.edges()
    assert (project.coverage.reads.resolved, project.coverage.reads.all) == (1, 2)
    assert (project.coverage.writes.resolved, project.coverage.writes.all) == (1, 2)


def test_files_load_tables() -> None:
    project = linked(job="COPY t FROM 's3://user:secret@b/k.csv'; COPY u TO 'out/u.csv'", dialect="postgres")
    assert {pair for pair in edges(project) if not pair[0].startswith("column:")} == {
        ("s3://user:***@b/k.csv", "table:t"),
        ("table:u", "file:out/u.csv"),
    }


def test_the_header_of_a_data_file_tells_its_columns() -> None:
    data = FileFacts("data/In.csv", "csv", data=DataFile("csv", ("id", "fare")))
    project = linked(data, job="CREATE TABLE t AS SELECT * FROM read_csv('data/In.csv')", dialect="duckdb")
    assert ("column:file:data/In.csv#fare", "column:table:t#fare") in edges(project)


def test_a_model_is_trained_and_predicts() -> None:
    text = """CREATE MODEL d.eta AS SELECT km, minutes FROM d.rides;
        CREATE TABLE d.out AS SELECT * FROM ML.PREDICT(MODEL d.eta, (SELECT km FROM d.new))"""
    project = linked(job=text, dialect="bigquery")
    kinds = {(e.source, e.target): e.kind for e in project.graph.edges() if not e.source.startswith("column:")}
    assert kinds[("table:d.rides", "model:d.eta")] == "trains"
    assert kinds[("model:d.eta", "table:d.out")] == "predicts"
    assert project.graph.nodes["model:d.eta"].kind == "model"


def test_models_of_dbt() -> None:
    project = linked(
        jinja=True,
        **{
            "models/staging/stg_rides": "{{ config(materialized='view') }}\n"
            "with s as (select * from {{ source('raw', 'rides') }})\nselect s.id, s.m / 1000 as km from s",
            "models/rides": "select id, km, {{ cents('fare') }} as fare from {{ ref('stg_rides') }}\n"
            "{% if is_incremental() %} where km > (select max(km) from {{ this }}) {% endif %}",
            "macros/cents": "{% macro cents(c) %} ({{ c }} / 100)::int {% endmacro %}",
            "tests/positive": "select * from {{ ref('rides') }} where km < 0",
        },
    )
    assert {
        ("table:raw.rides", "table:stg_rides"),
        ("table:stg_rides", "table:rides"),
        ("column:table:raw.rides#m", "column:table:stg_rides#km"),
        ("column:table:stg_rides#km", "column:table:rides#km"),
    } <= edges(project)
    assert not any("this" in node or node.startswith("consumer:") for node in project.graph.nodes)
    [edge] = [e for e in project.graph.in_edges("table:rides") if e.strength == "direct"]
    assert edge.span is not None
    assert edge.span.line == 1


def test_a_statement_that_is_too_deep_is_a_diagnostic() -> None:
    project = linked(deep="SELECT 1;\nSELECT " + "(" * 200 + "a" + ")" * 200 + " FROM t")
    assert [(p.path, p.line, p.code) for p in project.problems] == [("deep.sql", 2, "ML004")]
    assert ("table:t", "consumer:deep.sql") in edges(project)


def test_what_jinja_becomes_knows_its_places() -> None:
    text = (
        "a {# c #}{% set x = 1 %}{% set y %}gone{% endset %}\n"
        "{% if z %}b{% else %}c{% endif %} {{ ref('p', 'm') }} {{ q.r }}"
    )
    clean, places = readable(text)
    assert named(clean).split() == ["a", "b", "m", "{q_r}"]
    assert places.at(clean.index("b")) == (2, 11)
    assert places.at(clean.index("m")) == (2, 38)
    lenient = without_tags(text)
    assert len(lenient) == len(text)
    assert named(lenient).split() == ["a", "gone", "b", "c", "m", "{q_r}"]


def test_turns_of_a_loop_are_not_separated_twice() -> None:
    text = "select {% for c in cs %} {{ c }} {% if not loop.last %},{% endif %} {% endfor %} from t"
    assert named(readable(text)[0]).split() == ["select", "{c}", "from", "t"]


def test_parameters_of_a_statement_are_columns_of_what_it_writes(tmp_path: Path) -> None:
    lineage = linking.linked(
        tmp_path,
        {
            "log.py": """
import sqlite3
import pandas as pd
from sqlalchemy import create_engine, text

trips = pd.read_csv("trips.csv")
con = sqlite3.connect("x.db")
con.execute("insert into named (km, rows) values (:km, :rows)", {"km": trips["km"][0] / 1000, "rows": len(trips)})
con.execute("insert into numbered (id, km) values (?, round(?))", (trips["id"][0], trips["km"][0]))
con.executemany("insert into many (id, km) values (%s, %s)", [(i, k) for i, k in zip(trips["id"], trips["km"])])
con.execute("insert into unknown (id, km) values (?, ?)", trips.to_numpy()[0])
with create_engine("sqlite://").begin() as connection:
    connection.execute(text("insert into core (km) values (:km)"), {"km": trips["km"][0]})
"""
        },
    )
    found = {(edge.source, edge.target) for edge in lineage.graph.edges()}
    for table in ("named", "numbered", "many", "core"):
        assert ("column:file:trips.csv#km", f"column:table:{table}#km") in found
        assert ("column:file:trips.csv#id", f"column:table:{table}#km") not in found
    [km] = lineage.graph.in_edges("column:table:named#km")[:1]
    assert (km.expression, km.measure) == ("km / 1000", False)
    [rows] = [edge for edge in lineage.graph.in_edges("column:table:named#rows") if edge.source == "file:trips.csv"]
    assert rows.measure
    assert ("file:trips.csv", "table:unknown") in found
    assert not [edge for edge in found if edge[1] == "column:table:unknown#km"]


def test_a_column_of_several_tables_is_said_to_be_lost() -> None:
    project = linked(a="INSERT INTO t\nSELECT a.id, fare FROM a JOIN b ON a.id = b.id")
    assert {gap.why: (gap.span.line, gap.span.column) for gap in project.coverage.gaps} == {
        "the column `fare` may be of several tables": (2, 14)
    }
    assert not [edge for edge in project.graph.edges() if edge.target == "column:table:t#fare"]


def test_a_column_of_the_one_table_that_lists_it_is_not() -> None:
    project = linked(
        a="CREATE TABLE a (id INT); CREATE TABLE b (id INT, fare INT);",
        b="INSERT INTO t SELECT a.id, fare FROM a JOIN b ON a.id = b.id",
    )
    assert project.coverage.gaps == []
    assert ("column:table:b#fare", "column:table:t#fare") in edges(project)


def test_a_column_is_of_the_one_table_that_has_it_elsewhere() -> None:
    """If the other one had it too, the database would refuse the statement."""
    project = linked(
        a="INSERT INTO t SELECT a.id, fare, tip FROM a JOIN b ON a.id = b.id",
        b="SELECT x.fare, y.id FROM b AS x JOIN c AS y USING (id)",
        c="WITH a AS (SELECT * FROM other) SELECT a.tip, z.tip FROM a JOIN d AS z USING (id)",
    )
    assert ("column:table:b#fare", "column:table:t#fare") in edges(project)
    assert [gap.why for gap in project.coverage.gaps] == ["the column `tip` may be of several tables"]


def test_a_column_that_both_tables_have_elsewhere_stays_open() -> None:
    project = linked(
        a="INSERT INTO t SELECT a.id, fare FROM a JOIN b ON a.id = b.id",
        b="SELECT a.fare AS one, b.fare AS other FROM a JOIN b USING (id)",
    )
    assert not [edge for edge in project.graph.edges() if edge.target == "column:table:t#fare"]
