"""dbt: names of models and sources, seeds, snapshots, macros, Python models, and what properties files declare."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint.linker.jinja.interpreter import evaluate, render
from mllint.linker.jinja.values import CLOSE, OPEN, Unknown, shown
from mllint.linker.sql.names import Names
from mllint.linker.sql.template import Reading, config_of, macros_in, references, rendered
from tests.linking import columns, edges, linked

PROJECT = {"dbt_project.yml": "name: shop\nmodel-paths: [models]\nvars: {day: '2024-01-01', shop: {area: north}}\n"}
SOURCES = """
    sources:
      - name: f1
        database: lake
        schema: raw
        tables:
          - name: laps
            identifier: lap_times
          - name: races
      - name: crm
        database: "{{ target.database }}"
        schema: "{{ var('crm_schema', 'crm_raw') }}"
        tables: [{name: people}]
      - name: bare
        tables: [{name: things}]
"""


def test_a_source_is_the_table_that_its_yaml_names(tmp_path: Path) -> None:
    model = "select l.id, r.year, p.age from {{ source('f1', 'laps') }} l\n"
    model += "join {{ source('f1', 'races') }} r using (id)\n"
    model += "join {{ source('crm', 'people') }} p using (id)\n"
    model += "join {{ source('bare', 'things') }} using (id)\n"
    files = {**PROJECT, "models/sources.yml": SOURCES, "models/wide.sql": model}
    lineage = linked(tmp_path, files)
    tables = ["bare.things", "crm_raw.people", "lake.raw.lap_times", "lake.raw.races"]
    assert edges(lineage) == {(f"table:{table}", "table:wide") for table in tables}
    assert "column:table:lake.raw.races#year" in lineage.graph.nodes


def test_models_of_all_kinds_of_names(tmp_path: Path) -> None:
    files = {
        **PROJECT,
        "models/base/stg.sql": """
            {{ config(alias='stg_rides', post_hook=['analyze {{ this }} (id)']) }}
            select id, km from raw.rides
        """,
        "models/rides_v2.sql": "select id from {{ ref('stg') }}",
        "models/last.sql": "select id from {{ ref('shop', 'rides', v=2) }}",
        "queries/outside.sql": "select 1 from {{ ref('last') }}",
    }
    found = edges(linked(tmp_path, files))
    assert ("table:raw.rides", "table:stg_rides") in found
    assert ("table:stg_rides", "table:rides_v2") in found
    assert ("table:rides_v2", "table:last") in found
    assert ("table:last", "consumer:queries/outside.sql") in found


@pytest.mark.parametrize(("query", "table"), [("mart.rides", "mart.rides"), ("other.rides", "rides")])
def test_a_schema_counts_where_others_use_it(tmp_path: Path, query: str, table: str) -> None:
    project = "name: shop\nmodels: {shop: {marts: {+schema: mart}}}\n"
    files = {
        "dbt_project.yml": project,
        "models/marts/rides.sql": "select km from raw.rides",
        "models/next.sql": "select km from {{ ref('rides') }}",
        "read.py": f'import pandas as pd\npd.read_sql("select km from {query}", None).to_csv("out.csv")\n',
    }
    found = edges(linked(tmp_path, files))
    assert ("table:raw.rides", f"table:{table}") in found
    assert (f"table:{table}", "table:next") in found
    assert (f"table:{query}", "file:out.csv") in found


def test_the_profile_tells_schema_and_dialect(tmp_path: Path) -> None:
    profiles = """
        shop:
          target: dev
          outputs:
            ci: {type: duckdb, schema: main}
            dev: {type: snowflake, schema: "{{ env_var('SCHEMA', 'mart') }}"}
    """
    sources = "sources: [{name: raw, schema: mart, tables: [{name: stops}]}]\n"
    files = {
        "dbt/dbt_project.yml": "name: shop\nprofile: shop\n",
        "dbt/models/sources.yml": sources,
        "dbt/models/rides.sql": "select datediff('year', born, ended) as age from raw.rides",
        "dbt/models/stops.sql": "select id from {{ source('raw', 'stops') }}",
        "dbt/models/more.sql": "select age from {{ ref('rides') }}",
        "profiles.yml": profiles,
        "read.py": 'import pandas as pd\npd.read_sql("select age from mart.rides", None).to_csv("out.csv")\n',
    }
    lineage = linked(tmp_path, files)
    found = edges(lineage)
    assert {("table:raw.rides", "table:mart.rides"), ("table:mart.rides", "file:out.csv")} <= found
    assert {("table:mart.rides", "table:mart.more"), ("table:mart.stops", "table:stops")} <= found
    assert lineage.graph.path("column:table:raw.rides#ended", "column:table:mart.rides#age")


def test_seeds_have_columns_and_files(tmp_path: Path) -> None:
    files = {
        **PROJECT,
        "seeds/zones.csv": "Id,name\n1,a\n",
        "models/named.sql": "select * from {{ ref('zones') }}",
    }
    lineage = linked(tmp_path, files)
    assert edges(lineage) == {("file:seeds/zones.csv", "table:zones"), ("table:zones", "table:named")}
    assert columns(lineage, "table:named") == {"id", "name"}
    steps = lineage.graph.path("column:file:seeds/zones.csv#Id", "column:table:named#id")
    assert [step.target for step in steps] == ["column:table:zones#id", "column:table:named#id"]


def test_each_snapshot_of_a_file_is_a_table(tmp_path: Path) -> None:
    snapshots = """
        {% snapshot old_rides %}
          {{ config(strategy='check') }}
          select id from raw.rides
        {% endsnapshot %}
        {% snapshot old_zones %}
          select id from raw.zones
        {% endsnapshot %}
    """
    files = {**PROJECT, "snapshots/all.sql": snapshots, "models/m.sql": "select id from {{ ref('old_zones') }}"}
    assert edges(linked(tmp_path, files)) == {
        ("table:raw.rides", "table:old_rides"), ("table:raw.zones", "table:old_zones"), ("table:old_zones", "table:m"),
    }  # fmt: skip


def test_macros_and_variables_in_a_model(tmp_path: Path) -> None:
    macros = """
        {% macro cents(column, factor=100) %}
            ({{ column }}
             * {{ factor }}) -- not so simple
        {% endmacro %}
        {% macro all_of(table) %} select * from {{ ref(table) }} {% endmacro %}
    """
    model = """
        {% set name = 'price' %}
        select {{ cents(name) }} as cents, {{ cents("fee", 10) }} as fee,
            {{ dbt_utils.generate_surrogate_key(['id']) }} as key, fee as {{ name }}_fee
        from ({{ all_of('base') }}) where area = '{{ var("area") }}' and day = '{{ env_var("DAY", "monday") }}'
    """
    base = "select id, price, fee, area, day from raw.prices"
    files = {**PROJECT, "macros/money.sql": macros, "models/m.sql": model, "models/base.sql": base}
    graph = linked(tmp_path, files).graph
    for source, target in (("price", "cents"), ("fee", "fee"), ("id", "key")):
        assert graph.path(f"column:table:base#{source}", f"column:table:m#{target}"), source
    assert not graph.path("column:table:base#price", "column:table:m#fee")
    assert graph.path("column:table:base#fee", "column:table:m#price_fee")
    [made] = [edge for edge in graph.edges() if edge.target == "column:table:m#cents"]
    assert made.expression == "price * 100"


def test_loops_over_known_values_turn_for_each(tmp_path: Path) -> None:
    model = """
        {% set methods = ['card', 'cash'] -%}
        select id,
            {% for method in methods %}  -- each
            sum(case when method = '{{ method }}' then amount end) as {{ method }}_amount,
            {% for part in ["a", "b"] %}{{ part }}_{{ method }}{{ "," if not loop.last }}{% endfor %},
            {% endfor %}
            {% for unknown in run_query('x') %}{{ unknown }},{% endfor %}
            {% for n in ['x', 'y'] %}{{ n }}{% if not loop.last %},{% endif %}{% endfor %}
        from raw.payments
    """
    lineage = linked(tmp_path, {**PROJECT, "models/m.sql": model})
    found = columns(lineage, "table:m")
    assert {"id", "card_amount", "cash_amount", "a_card", "b_cash", "x", "y"} <= found
    assert lineage.graph.path("column:table:raw.payments#amount", "column:table:m#cash_amount")
    [read] = [
        edge for edge in lineage.graph.edges() if edge.target == "table:m" and edge.source == "table:raw.payments"
    ]
    assert read.span.line == 9


def test_loops_that_would_grow_without_end_stay_as_they_are(tmp_path: Path) -> None:
    many = "[" + ", ".join(f"'v{i}'" for i in range(400)) + "]"
    loops = "".join(f"{{% for v{i} in {many} %}}" for i in range(6)) + "x," + "{% endfor %}" * 6
    files = {**PROJECT, "models/m.sql": f"select {loops} id from raw.rides"}
    assert ("table:raw.rides", "table:m") in edges(linked(tmp_path, files))


# ---------------------------------------------------------------------------------------------------- Python models

PYTHON = {
    **PROJECT,
    "models/base.sql": "select race_year, km, place from raw.laps",
    "models/a_features.py": """
        def model(dbt, session):
            dbt.config(packages=["pandas"])
            frame = dbt.ref("prepared").to_pandas()
            return frame[["KM", "FAR"]]
    """,
    "models/prepared.py": """
        import snowflake.snowpark.functions as F

        def model(dbt, session):
            rides = dbt.ref("base").to_pandas()
            rides["FAR"] = rides["KM"] * rides["RACE_YEAR"]
            return rides
    """,
    "models/last.sql": "select far from {{ ref('a_features') }}",
}


def test_python_models_read_and_write_tables(tmp_path: Path) -> None:
    lineage = linked(tmp_path, PYTHON)
    assert ("table:base", "table:prepared") in edges(lineage)
    assert ("table:prepared", "table:a_features") in edges(lineage)
    assert columns(lineage, "table:prepared") == {"race_year", "km", "place", "far"}
    assert columns(lineage, "table:a_features") == {"km", "far"}
    graph = lineage.graph
    assert graph.path("column:table:raw.laps#km", "column:table:last#far")
    assert not graph.path("column:table:raw.laps#place", "column:table:last#far")


def test_python_models_elsewhere_keep_the_case(tmp_path: Path) -> None:
    model = 'def model(dbt, session):\n    return dbt.ref("base").toPandas()[["km"]]\n'
    lineage = linked(tmp_path, {**PROJECT, "models/base.sql": PYTHON["models/base.sql"], "models/m.py": model})
    assert lineage.graph.path("column:table:base#km", "column:table:m#km")


def test_unknown_columns_of_a_source_are_asked_for_in_any_case(tmp_path: Path) -> None:
    model = 'def model(dbt, session):\n    return dbt.source("f1", "races").to_pandas()[["YEAR"]]\n'
    lineage = linked(tmp_path, {**PROJECT, "models/sources.yml": SOURCES, "models/m.py": model})
    assert lineage.graph.path("column:table:lake.raw.races#year", "column:table:m#year")


# ----------------------------------------------------------------------------------------------------- declarations

SCHEMA = """
    groups: [{name: finance, owner: {name: Money people}}]
    models:
      - name: rides
        group: finance
        deprecation_date: 2024-01-31
        columns:
          - {name: KM, meta: {deprecated: {since: 2023-01-01, replacement: meters}}}
          - {name: fine, meta: {deprecated: false}}
      - {name: plain, description: nothing to say}
    sources:
      - name: raw
        meta: {owner: Ana}
        tables: [{name: rides, config: {tags: [deprecated, core]}}]
    exposures:
      - name: board
        owner: {email: board@example.com}
        depends_on:
          - ref('rides')
          - source('raw', 'rides')
          - "{{ ref('plain') }}"
          - metric('other')
"""


def test_what_properties_files_declare(tmp_path: Path) -> None:
    files = {
        **PROJECT,
        "models/schema.yml": SCHEMA,
        "models/rides.sql": "select km from {{ source('raw', 'rides') }}",
        "models/plain.sql": "select km from {{ ref('rides') }}",
    }
    lineage = linked(tmp_path, files)
    found = {entry.name: entry for entry in lineage.declarations.entries}
    assert sorted(found) == ["board", "column:table:rides#km", "table:raw.rides", "table:rides"]
    rides, km, raw, board = (found[n] for n in ("table:rides", "column:table:rides#km", "table:raw.rides", "board"))
    assert (rides.owner, rides.deprecated.sunset, rides.span.line) == ("Money people", "2024-01-31", 5)
    assert (km.deprecated.since, km.deprecated.replacement) == ("2023-01-01", "meters")
    assert raw.owner == "Ana"
    assert raw.deprecated is not None
    assert raw.tags == ("deprecated", "core")
    assert (board.kind, board.owner, board.origin) == ("consumer", "board@example.com", "models/schema.yml")
    assert board.reads == ("table:rides", "table:raw.rides", "table:plain")
    declared = [edge for edge in lineage.graph.edges() if edge.target == "consumer:board"]
    assert {edge.source for edge in declared} == set(board.reads)
    assert {edge.strength for edge in declared} == {"declared"}
    assert lineage.graph.nodes["table:rides"].attributes["group"] == "finance"
    assert "group" not in lineage.graph.nodes["table:plain"].attributes


# --------------------------------------------------------------------------------------------------------- templates


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("ref('a')", "mart.a"),
        ("ref('pack', 'B')", "B"),
        ("var('n', 3)", "3"),
        ("var('known')", "yes"),
        ("'a' + 'b'", "ab"),
        ("dbt_utils.star(ref('a'))", "*"),
        ("ref(model_name)", "{ref}"),
        ("this", "{this}"),
        ("__import__('os').system('true')", "{__import___system}"),
        ("''.__class__.__mro__[1].__subclasses__()", "{class___mro_____subclasses__}"),
        ("'{0.__class__}'.format(1)", "{format}"),
        ("[" * 500, "{}"),
        ("a" + ".a" * 1500, "{}"),
        ("+".join(["'a'"] * 900), "{}"),
        ("(" * 3000 + "1" + ")" * 3000, "{}"),
    ],
)
def test_expressions_of_templates(inside: str, expected: str) -> None:
    world = Reading(Names({"known": "yes"}, {"a": "mart.a"}))
    assert shown(evaluate(inside, world)).replace(OPEN, "{").replace(CLOSE, "}") == expected


def test_macros_that_call_each_other_end() -> None:
    again = macros_in("{% macro f(x) %}{{ f(x) }} {{ f(x) }} {{ x }}{% endmacro %}")
    assert evaluate("f('km')", Reading(Names(macros=again))) == Unknown()
    assert render("select {{ f('km') }}", Reading(Names(macros=again))) is None


def test_lists_of_references() -> None:
    names = Names({}, {"a": "x.a"}, {("s", "t"): "raw.t"})
    assert [*references("ref('a')", names), *references("source('s', 't')", names)] == ["x.a", "raw.t"]
    assert not list(references("metric('a')", names))
    assert rendered("{{ target.name }}_x", names) == "{target_name}_x"


@pytest.mark.parametrize(
    "text",
    [
        "{% for x in [1] %}" * 20_000,
        "{% for x in [1] %}" * 300 + "x" + "{% endfor %}" * 300,
        "{% macro a() %}" * 20_000,
        "{% macro a(" * 20_000,
        "{{ config(" * 20_000,
        "{{ config('" * 20_000,
        "{{ config(" + "((" * 20_000,
        "{% set x = [" * 900,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_templates_end(text: str) -> None:
    names = Names(macros=macros_in(text))
    assert config_of(text, names) == {}
    rendered(text, names)
