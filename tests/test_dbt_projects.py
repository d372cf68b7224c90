"""dbt projects as a whole: versions, packages, disabled models, hooks, tests, metrics, YAML snapshots, artifacts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mllint.linker.sql.packages import shipped
from mllint.linker.sql.sqlmesh import head_of, query_of
from mllint.readers import read
from tests.linking import columns, edges, linked

PROJECT = {"dbt_project.yml": "name: shop\n"}


def test_versions_of_a_model(tmp_path: Path) -> None:
    schema = """
        models:
          - name: rides
            latest_version: 1
            versions: [{v: 1}, {v: 2, defined_in: rides_new, deprecation_date: 2025-01-01}]
          - {name: stops, versions: [{v: 9}, {v: 10}]}
    """
    files = {
        **PROJECT,
        "models/schema.yml": schema,
        "models/rides_v1.sql": "select id from raw.rides",
        "models/rides_new.sql": "select id from raw.new_rides",
        "models/stops_v9.sql": "select 1 as id",
        "models/stops_v10.sql": "select 1 as id",
        "models/a.sql": "select id from {{ ref('rides') }} join {{ ref('stops') }} using (id)",
        "models/b.sql": "select id from {{ ref('rides', v=2) }} join {{ ref('stops', version=9) }} using (id)",
    }
    lineage = linked(tmp_path, files)
    assert edges(lineage) == {
        ("table:raw.rides", "table:rides_v1"), ("table:raw.new_rides", "table:rides_v2"),
        ("table:rides_v1", "table:a"), ("table:stops_v10", "table:a"),
        ("table:rides_v2", "table:b"), ("table:stops_v9", "table:b"),
    }  # fmt: skip
    [declared] = lineage.declarations.entries
    assert (declared.name, declared.deprecated.sunset) == ("table:rides_v2", "2025-01-01")


def test_projects_of_one_repository_are_packages_to_each_other(tmp_path: Path) -> None:
    files = {
        "shared/dbt_project.yml": "name: shared\n",
        "shared/macros/m.sql": "{% macro half(c) %}{{ scaled(c, 2) }}{% endmacro %}"
        "{% macro scaled(c, n) %}({{ c }} / {{ n }}){% endmacro %}",
        "shared/models/base.sql": "select km, day from raw.rides",
        "shop/dbt_project.yml": "name: shop\n",
        "shop/models/base.sql": "select fare from raw.fares",
        "shop/models/m.sql": "select {{ shared.half('km') }} as half from {{ ref('shared', 'base') }}",
        "shop/models/n.sql": "select fare from {{ ref('base') }}",
    }
    lineage = linked(tmp_path, files)
    assert lineage.graph.path("column:table:raw.rides#km", "column:table:m#half")
    assert {("table:raw.fares", "table:shop.base"), ("table:shop.base", "table:n")} <= edges(lineage)


def test_the_macro_for_the_warehouse_is_called(tmp_path: Path) -> None:
    macros = """
        {% macro total(c) %}{{ return(adapter.dispatch('total', 'shop')(c)) }}{% endmacro %}
        {% macro default__total(c) %}sum({{ c }}){% endmacro %}
        {% macro bigquery__total(c) %}sum({{ c }} + fee){% endmacro %}
        {% macro fancy(c) %}{% if target.type == 'redshift' %}[{{ c }}]{% else %}{{ c }}{% endif %}{% endmacro %}
    """
    files = {
        **PROJECT,
        "macros/m.sql": macros,
        "models/m.sql": "select {{ total('fare') }} as t, {{ fancy('day') }} as day from {{ ref('rides') }} group by 2",
        "models/rides.sql": "select fare, fee, day from raw.rides",
    }
    graph = linked(tmp_path, files).graph
    assert graph.path("column:table:rides#fare", "column:table:m#t")
    assert not graph.path("column:table:rides#fee", "column:table:m#t")
    profile = "shop: {target: dev, outputs: {dev: {type: bigquery}}}\n"
    files |= {"dbt_project.yml": "name: shop\nprofile: shop\n", "profiles.yml": profile}
    (tmp_path / "second").mkdir()
    graph = linked(tmp_path / "second", files).graph
    assert graph.path("column:table:rides#fee", "column:table:m#t")


def test_columns_of_other_models_make_columns(tmp_path: Path) -> None:
    macro = """
        {% macro doubled(relation) %}
          {%- for column in adapter.get_columns_in_relation(relation) -%}
            {{ column.name }} * 2 as {{ column.name }}_2 {{- ',' if not loop.last }}
          {%- endfor -%}
        {% endmacro %}
    """
    files = {
        **PROJECT,
        "macros/m.sql": macro,
        "models/a_first.sql": "select {{ doubled(ref('z_last')) }} from {{ ref('z_last') }}",
        "models/starred.sql": "select {{ dbt_utils.star(ref('z_last'), except=['FARE'], prefix='p_') }} "
        "from {{ ref('z_last') }}",
        "models/united.sql": "{{ dbt_utils.union_relations([ref('z_last'), ref('other')]) }}",
        "models/other.sql": "select km, day from raw.other",
        "models/z_last.sql": "select km, fare from raw.rides",
        "models/open.sql": "select {{ dbt_utils.star(from=source('raw', 'wide'), except=['secret']) }} "
        "from {{ source('raw', 'wide') }}",
    }
    lineage = linked(tmp_path, files)
    assert columns(lineage, "table:a_first") == {"km_2", "fare_2"}
    assert columns(lineage, "table:starred") == {"p_km"}
    assert columns(lineage, "table:united") == {"_dbt_source_relation", "km", "fare", "day"}
    graph = lineage.graph
    assert graph.path("column:table:raw.rides#fare", "column:table:a_first#fare_2")
    assert graph.path("column:table:raw.other#day", "column:table:united#day")
    assert not graph.path("column:table:raw.rides#km", "column:table:united#day")
    assert ("table:raw.wide", "table:open") in edges(lineage)


def test_what_is_referred_to_but_not_read_is_indirect(tmp_path: Path) -> None:
    model = """
        {{ config(post_hook="insert into log select * from {{ ref('hooked') }}") }}
        -- depends_on: {{ ref('commented') }}
        {% set days = dbt_utils.get_column_values(table=ref('days'), column='day') %}
        select id {% for day in days %}, sum(case when day = '{{ day }}' then km end) as {{ day }}_km {% endfor %}
        from {{ ref('rides') }}
    """
    others = {f"models/{name}.sql": "select 1 as id" for name in ("hooked", "commented", "days", "rides")}
    lineage = linked(tmp_path, {**PROJECT, **others, "models/m.sql": model})
    found = {e.source: e.strength for e in lineage.graph.in_edges("table:m")}
    assert found == {
        "table:rides": "direct", "table:hooked": "indirect", "table:commented": "indirect", "table:days": "indirect",
    }  # fmt: skip


def test_a_source_has_not_the_columns_of_a_model_of_its_name(tmp_path: Path) -> None:
    files = {
        **PROJECT,
        "models/s.yml": "sources: [{name: crm, tables: [{name: people}]}]\n",
        "models/people.sql": "select id, name from raw.others",
        "models/z_all.sql": "select * from {{ source('crm', 'people') }}",
    }
    lineage = linked(tmp_path, files)
    assert columns(lineage, "table:z_all") == {"*"}
    assert ("table:crm.people", "table:z_all") in edges(lineage)


def test_makers_come_first_whatever_common_tables_are_called(tmp_path: Path) -> None:
    files = {
        **PROJECT,
        "models/a_items.sql": "with products as (select * from {{ ref('stg_products') }}), stops as "
        "(select * from {{ ref('stg_stops') }}) select * from products join stops using (id)",
        "models/products.sql": "select * from {{ ref('stg_products') }}",
        "models/stg_products.sql": "select id, price from {{ ref('stg_stops') }}",
        "models/stg_stops.sql": "select id, price, stop from raw.stops",
    }
    lineage = linked(tmp_path, files)
    assert columns(lineage, "table:products") == {"id", "price"}
    assert columns(lineage, "table:a_items") == {"id", "price", "stop"}


def test_python_models_depend_on_what_they_ask_for(tmp_path: Path) -> None:
    model = 'def model(dbt, session):\n    zones = dbt.ref("zones")\n    return dbt.ref("rides").to_pandas()\n'
    tables = {f"models/{name}.sql": "select 1 as id" for name in ("zones", "rides")}
    lineage = linked(tmp_path, {**PROJECT, **tables, "models/m.py": model})
    found = {e.source: e.strength for e in lineage.graph.in_edges("table:m")}
    assert found == {"table:rides": "direct", "table:zones": "indirect"}


def test_variables_may_be_templates_and_settings_leave_models_out(tmp_path: Path) -> None:
    project = """
        name: shop
        vars:
          rides_table: "{{ source('raw', 'rides') }}"
          with_stops: false
          kinds: [bus, tram]
        models: {shop: {trial: {+enabled: "{{ var('with_trial', true) }}"}}}
    """
    model = "{{ config(enabled=var('with_stops', true)) }} select id from raw.stops"
    files = {
        "dbt_project.yml": project,
        "models/m.sql": "select id {% for k in var('kinds') %}, max({{ k }}) as {{ k }}_id{% endfor %} "
        "from {{ var('rides_table') }}",
        "models/stops.sql": model,
        "models/trial/more.sql": "select 1 as id",
    }
    lineage = linked(tmp_path, files)
    assert ("table:raw.rides", "table:m") in edges(lineage)
    assert columns(lineage, "table:m") == {"id", "bus_id", "tram_id"}
    assert lineage.graph.nodes["table:stops"].attributes["enabled"] is False
    assert "enabled" not in lineage.graph.nodes["table:more"].attributes


def test_equal_aliases_are_tables_of_their_schemas(tmp_path: Path) -> None:
    project = "name: shop\nmodels: {shop: {core: {+schema: core}, mart: {+schema: mart}}}\n"
    files = {
        "dbt_project.yml": project,
        "models/core/core__rides.sql": "{{ config(alias='rides') }} select id from raw.rides",
        "models/mart/mart__rides.sql": "{{ config({'alias': 'rides'}) }} select id from {{ ref('core__rides') }}",
        "models/plain.sql": "select id from {{ ref('mart__rides') }}",
    }
    found = edges(linked(tmp_path, files))
    assert found == {
        ("table:raw.rides", "table:core.rides"), ("table:core.rides", "table:mart.rides"),
        ("table:mart.rides", "table:plain"),
    }  # fmt: skip


def test_snapshots_in_yaml(tmp_path: Path) -> None:
    snapshot = "snapshots:\n  - name: old_rides\n    relation: ref('rides')\n    config: {unique_key: id}\n"
    files = {
        **PROJECT,
        "snapshots/old.yml": snapshot,
        "models/rides.sql": "select id, km from raw.rides",
        "models/m.sql": "select km from {{ ref('old_rides') }}",
    }
    lineage = linked(tmp_path, files)
    assert {("table:rides", "table:old_rides"), ("table:old_rides", "table:m")} <= edges(lineage)
    assert lineage.graph.path("column:table:raw.rides#km", "column:table:m#km")
    [edge] = [e for e in lineage.graph.in_edges("table:old_rides") if e.source == "table:rides"]
    assert (edge.span.path, edge.span.line) == ("snapshots/old.yml", 2)


def test_tests_are_checks(tmp_path: Path) -> None:
    schema = """
        models:
          - name: rides
            data_tests: [{dbt_utils.equal_rowcount: {compare_model: ref('zones')}}]
            columns: [{name: id, tests: [unique, not_null, {accepted_values: {values: [1]}}]}]
        sources: [{name: raw, tables: [{name: rides, columns: [{name: id, tests: [not_null]}]}]}]
    """
    files = {
        "dbt_project.yml": "name: shop\ntest-paths: [data-tests]\n",
        "models/schema.yml": schema,
        "models/rides.sql": "select id from {{ source('raw', 'rides') }}",
        "data-tests/no_rides.sql": "select id from {{ ref('rides') }} where id < 0",
    }
    lineage = linked(tmp_path, files)
    nodes = lineage.graph.nodes
    assert nodes["table:rides"].attributes["tests"] == ["dbt_utils.equal_rowcount"]
    assert nodes["column:table:rides#id"].attributes["tests"] == ["unique", "not_null", "accepted_values"]
    assert nodes["column:table:raw.rides#id"].attributes["tests"] == ["not_null"]
    assert not any(id.startswith("consumer:") for id in nodes)
    found = {(e.job, e.what) for e in lineage.observations.evaluations}
    assert found == {("models/schema.yml", "check"), ("data-tests/no_rides.sql", "check")}


def test_the_semantic_layer_consumes_tables(tmp_path: Path) -> None:
    schema = """
        semantic_models:
          - {name: rides, model: ref('rides'), measures: [{name: km_sum, agg: sum, expr: km}]}
          - {name: fares, model: ref('fares'), measures: [{name: income, agg: sum}]}
        metrics:
          - {name: distance, type: simple, type_params: {measure: km_sum}}
          - {name: income, type: simple, type_params: {measure: {name: income}}}
          - {name: rate, type: ratio, type_params: {numerator: income, denominator: {name: distance}}}
          - {name: growth, type: derived, type_params: {expr: a - b, metrics: [{name: rate, alias: a}, growth]}}
        saved_queries: [{name: weekly, query_params: {metrics: [income, unknown]}}]
        exposures: [{name: board, type: dashboard, depends_on: [metric('rate')], owner: {name: Ana}}]
    """
    files = {
        **PROJECT,
        "models/schema.yml": schema,
        "models/rides.sql": "select km from raw.rides",
        "models/fares.sql": "select income from raw.fares",
    }
    declared = {entry.name: set(entry.reads) for entry in linked(tmp_path, files).declarations.entries}
    both = {"table:rides", "table:fares"}
    assert declared == {
        "semantic_model.rides": {"table:rides"}, "semantic_model.fares": {"table:fares"},
        "metric.distance": {"table:rides"}, "metric.income": {"table:fares"}, "metric.rate": both,
        "metric.growth": both, "saved_query.weekly": {"table:fares"}, "board": both,
    }  # fmt: skip


MANIFEST = {
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"},
    "nodes": {
        "model.shop.m": {
            "resource_type": "model",
            "depends_on": {"nodes": ["model.shop.hidden", "source.shop.raw.rides"]},
        }
    },
    "macros": {
        "macro.pack.tidy": {
            "package_name": "pack",
            "macro_sql": "{% macro tidy(c) %}{{ inner(c) }}{% endmacro %}",
        },
        "macro.pack.inner": {"package_name": "pack", "macro_sql": "{% macro inner(c) %}trim({{ c }}){% endmacro %}"},
    },
}
CATALOG = {
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json"},
    "nodes": {},
    "sources": {
        "source.shop.raw.rides": {
            "columns": {"B": {"name": "B", "type": "int", "index": 2}, "A": {"name": "A", "type": "text", "index": 1}}
        }
    },
}


def test_artifacts_of_dbt_tell_columns_macros_and_dependencies(tmp_path: Path) -> None:
    files = {
        **PROJECT,
        "target/manifest.json": json.dumps(MANIFEST),
        "target/catalog.json": json.dumps(CATALOG),
        "models/s.yml": "sources: [{name: raw, tables: [{name: rides}]}]\n",
        "models/hidden.sql": "select 1 as id",
        "models/m.sql": "select *, {{ pack.tidy('a') }} as tidy from {{ source('raw', 'rides') }}",
    }
    lineage = linked(tmp_path, files)
    assert columns(lineage, "table:m") == {"a", "b", "tidy"}
    assert lineage.graph.path("column:table:raw.rides#a", "column:table:m#tidy")
    found = {e.source: e.strength for e in lineage.graph.in_edges("table:m")}
    assert found == {"table:raw.rides": "direct", "table:hidden": "declared"}


def test_other_files_of_these_names_are_json(tmp_path: Path) -> None:
    manifest = '{"icons": [], "metadata": {"dbt_schema_version": "1"}}'
    files = {**PROJECT, "target/manifest.json": manifest, "target/catalog.json": "[1, 2]"}
    assert not linked(tmp_path, files).problems
    assert read("target/catalog.json", "dbt", b"[1, 2").problems[0].code == "ML001"
    assert read("target/catalog.json", "dbt", b"[" * 100_000).problems


# ------------------------------------------------------------------------------------------------------ SQLMesh

SQLMESH = {
    "config.yaml": "model_defaults: {dialect: duckdb}\n",
    "seeds/zones.csv": "id,name\n1,a\n",
    "models/zones.sql": "MODEL (\n  name shop.zones,\n  kind SEED (path '../seeds/zones.csv')\n);\n",
    "models/rides.sql": """
        -- all rides
        MODEL (
          name "shop".rides, -- its (name)
          kind INCREMENTAL_BY_TIME_RANGE (time_column day),
          owner data-team,
        );
        @DEF(limit, 10);
        JINJA_QUERY_BEGIN;
        SELECT r.zone, r.km * 2 AS far, @MAXIMUM(r.fare) AS fare, z.name
        FROM raw.rides AS r JOIN shop.zones AS z ON r.zone = z.id
        WHERE day BETWEEN @start_ds AND @end_ds
        JINJA_END;
    """,
    "audits/positive.sql": "AUDIT (name positive);\nSELECT * FROM shop.rides WHERE far < 0",
}


@pytest.mark.parametrize(
    "text",
    [
        "MODEL (" + "/* " * 20_000,
        "MODEL (" + "kind SEED (" * 5_000,
        "MODEL (name a);\n" + "@DEF(" * 50_000,
        "/* " * 20_000 + "MODEL (",
        "MODEL (" * 10_000,
        "MODEL (name " + "'" * 9_999,
    ],
    ids=lambda text: text[:24],
)
def test_hostile_heads_end(text: str) -> None:
    head = head_of(text)
    if head is not None:
        query_of(text, head)


def test_models_of_sqlmesh(tmp_path: Path) -> None:
    lineage = linked(tmp_path, SQLMESH)
    assert edges(lineage) == {
        ("file:seeds/zones.csv", "table:shop.zones"), ("table:raw.rides", "table:shop.rides"),
        ("table:shop.zones", "table:shop.rides"),
    }  # fmt: skip
    assert columns(lineage, "table:shop.rides") == {"zone", "far", "fare", "name"}
    graph = lineage.graph
    assert graph.path("column:file:seeds/zones.csv#name", "column:table:shop.rides#name")
    assert graph.path("column:table:raw.rides#fare", "column:table:shop.rides#fare")
    [edge] = [e for e in graph.in_edges("table:shop.rides") if e.source == "table:raw.rides"]
    assert edge.span.line == 10
    [declared] = lineage.declarations.entries
    assert (declared.name, declared.owner) == ("table:shop.rides", "data-team")
    assert [e.job for e in lineage.observations.evaluations] == ["audits/positive.sql"]


def test_shipped_macros_are_jinja_that_we_understand() -> None:
    for package in ("dbt", "dbt_utils", "fivetran_utils"):
        assert len(shipped(package)) > 15, package
    assert shipped("../dbt") == shipped("unheard_of") == {}


def test_staging_columns_of_fivetran(tmp_path: Path) -> None:
    model = """
        with fields as (
            select {{ fivetran_utils.fill_staging_columns(
                adapter.get_columns_in_relation(ref('tmp')),
                [{'name': 'id', 'datatype': 'int'}, {'name': 'km', 'alias': 'far', 'datatype': 'int'},
                 {'name': 'gone', 'datatype': dbt.type_string()}]) }}
            from {{ ref('tmp') }}
        )
        select * from fields
    """
    files = {
        **PROJECT,
        "models/m.sql": model,
        "models/tmp.sql": "select id, km from raw.rides",
    }
    lineage = linked(tmp_path, files)
    assert columns(lineage, "table:m") == {"id", "far", "gone"}
    assert lineage.graph.path("column:table:raw.rides#km", "column:table:m#far")
    assert not lineage.graph.in_edges("column:table:m#gone")
