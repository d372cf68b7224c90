"""One table has one id, by whatever names a repository calls it; two tables of one name stay two."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint.linker.same_tables import one_name
from mllint.linker.sql.namespaces import NOWHERE, Namespace, after
from tests.linking import edges, linked

PROFILE = """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb}
    prod: {type: snowflake, database: lake, schema: analytics}
"""
PROJECT = "name: shop\nprofile: shop\nmodels:\n  shop:\n    gold:\n      +schema: gold\n"
ENGINE = "import pandas as pd\nfrom sqlalchemy import create_engine\n"
READ = 'pd.read_sql("select id from {}", {}).to_csv("{}.csv")\n'

# files, edges that there are, ids that there are not
ONE = {
    "USE in a script": (
        {"a.sql": "USE raw; CREATE TABLE orders (id int); USE mart; CREATE TABLE orders AS SELECT id FROM raw.orders",
         "b.sql": "CREATE TABLE x AS SELECT id FROM mart.orders"},
        ["table:raw.orders -> table:mart.orders", "table:mart.orders -> table:x"],
    ),
    "two schemas, of which nobody writes either": (
        {"a.sql": "USE raw; CREATE TABLE x AS SELECT id FROM orders",
         "b.sql": "USE mart; CREATE TABLE y AS SELECT id FROM orders"},
        ["table:raw.orders -> table:x", "table:mart.orders -> table:y"],
    ),
    "one schema, which nobody writes": (
        {"a.sql": "USE raw; CREATE TABLE x AS SELECT id FROM orders", "b.py": ENGINE + READ.format("x", "con", "b")},
        ["table:orders -> table:x", "table:x -> file:b.csv"],
    ),
    "search_path": (
        {"a.sql": "SET search_path TO raw, public; CREATE TABLE x AS SELECT id FROM orders",
         "b.sql": "CREATE TABLE raw.orders AS SELECT id FROM old"},
        ["table:raw.orders -> table:x"],
    ),
    "a temporary table lies in no schema": (
        {"a.sql": "USE raw; CREATE TEMPORARY TABLE t AS SELECT id FROM orders; CREATE TABLE x AS SELECT id FROM t",
         "b.sql": "CREATE TABLE raw.t AS SELECT id FROM raw.orders"},
        ["table:raw.orders -> table:t", "table:t -> table:x"],
    ),
    "the schema of Postgres": (
        {"a.sql": "CREATE TABLE x AS SELECT id FROM orders", "b.sql": "CREATE TABLE public.orders AS SELECT 1 AS id"},
        ["table:public.orders -> table:x"],
    ),
    "another schema": (
        {"a.sql": "CREATE TABLE x AS SELECT id FROM orders", "b.sql": "CREATE TABLE raw.orders AS SELECT id FROM old"},
        ["table:orders -> table:x", "table:old -> table:raw.orders"],
    ),
    "a copy": (
        {"a.sql": "CREATE TABLE orders AS SELECT id FROM public.orders"}, ["table:public.orders -> table:orders"],
    ),
    "a name that people declared": (
        {"a.sql": "CREATE TABLE x AS SELECT id FROM orders", "b.sql": "CREATE TABLE y AS SELECT id FROM public.orders",
         "mllint.yaml": "sources:\n  table:orders: {owner: shop}\n"},
        ["table:orders -> table:x", "table:orders -> table:y"],
    ),
    "what dbt makes": (
        {"dbt_project.yml": PROJECT, "profiles.yml": PROFILE, "models/gold/rides.sql": "select id from {{ ref('r') }}",
         "models/r.sql": "select 1 as id",
         "a.py": ENGINE + 't = "rides"\npd.read_sql(f"select id from main_gold.{t}", con).to_csv("a.csv")\n'
         + 'pd.read_sql(f"select id from lake.analytics_gold.{t}", con).to_csv("b.csv")\n'
         + 'pd.read_sql(f"select id from other.{t}", con).to_csv("c.csv")\n'},
        ["table:rides -> file:a.csv", "table:rides -> file:b.csv", "table:other.rides -> file:c.csv"],
    ),
    "what dbt makes, with schemas of the project's own": (
        {"dbt_project.yml": PROJECT, "profiles.yml": PROFILE, "models/gold/rides.sql": "select 1 as id",
         "macros/s.sql": "{% macro generate_schema_name(custom, node) %}{% if target.name == 'prod' %}{{ custom }}"
         "{% else %}{{ target.schema }}{% endif %}{% endmacro %}",
         "a.py": ENGINE + 't = "rides"\npd.read_sql(f"select id from lake.gold.{t}", con).to_csv("a.csv")\n'
         + 'pd.read_sql(f"select id from lake.main_gold.{t}", con).to_csv("b.csv")\n'},
        ["table:rides -> file:a.csv", "table:lake.main_gold.rides -> file:b.csv"],
    ),
    "a source of dbt, in the database of an example's target": (
        {"dbt_project.yml": PROJECT, "profiles.example.yml": PROFILE, "models/rides.sql":
         "select id from {{ source('raw', 'rides') }}",
         "models/s.yml": "sources:\n  - name: raw\n    tables: [{name: rides}]\n",
         "a.sql": "CREATE TABLE lake.raw.rides AS SELECT id FROM old; CREATE TABLE x AS SELECT id FROM sea.raw.rides"},
        ["table:old -> table:raw.rides", "table:raw.rides -> table:rides", "table:sea.raw.rides -> table:x"],
    ),
    "URL of an engine": (
        {"a.py": ENGINE + 'con = create_engine("trino://me@host:8080/lake/gold")\n' + READ.format("rides", "con", "a")
         + READ.format("lake.gold.rides", "con", "b")},
        ["table:lake.gold.rides -> file:a.csv"],
    ),
    "search_path in a URL": (
        {"a.py": ENGINE + 'con = create_engine("postgresql://host/shop?options=-csearch_path%3Draw")\n'
         + READ.format("rides", "con", "a") + READ.format("raw.rides", "con", "b")},
        ["table:raw.rides -> file:a.csv"],
    ),
    "search_path of an engine, also for tables that it is asked for": (
        {"a.py": ENGINE + "from sqlalchemy import Column, Integer, MetaData, Table, insert, select\nSCHEMA = 'raw'\n"
         'def engine():\n    options = {"options": "-csearch_path=%s" % SCHEMA}\n'
         '    return create_engine("postgresql://host/shop", connect_args=options)\n'
         + READ.format("rides", "engine()", "a")
         + 'pd.read_csv("b.csv").to_sql("days", engine())\n'
         'rides = Table("rides", MetaData(), Column("id", Integer))\n'
         'pd.read_sql(select(rides), engine()).to_csv("c.csv")\n',
         "x.sql": "CREATE TABLE x AS SELECT id FROM raw.rides; CREATE TABLE y AS SELECT id FROM raw.days"},
        ["table:raw.rides -> file:a.csv", "file:b.csv -> table:raw.days", "table:raw.rides -> file:c.csv",
         "table:raw.rides -> table:x"],
    ),
    "search_path of asyncpg": (
        {"a.py": ENGINE + 'settings = {"server_settings": {"search_path": "raw, public"}}\n'
         'con = create_engine("postgresql+asyncpg://host/shop", connect_args=settings)\n'
         + READ.format("rides", "con", "a") + READ.format("raw.rides", "con", "b")},
        ["table:raw.rides -> file:a.csv"],
    ),
    "an engine behind a session": (
        {"a.py": ENGINE + "from sqlalchemy import Column, Integer, select\n"
         "from sqlalchemy.orm import declarative_base, sessionmaker\n"
         'engine = create_engine("postgresql://host/shop", connect_args={"options": "-c search_path=raw"})\n'
         "class Ride(declarative_base()):\n    __tablename__ = 'rides'\n    id = Column(Integer)\n"
         "class Day(declarative_base()):\n    __tablename__ = 'days'\n    id = Column(Integer)\n"
         "session = sessionmaker(bind=engine)()\nfor ride in session.query(Ride).all():\n"
         "    session.add(Day(id=ride.id))\n",
         "x.sql": "CREATE TABLE x AS SELECT id FROM raw.rides; CREATE TABLE y AS SELECT id FROM raw.days"},
        ["table:raw.rides -> table:raw.days", "table:raw.rides -> table:x"],
    ),
    "the schema of MetaData": (
        {"a.py": ENGINE + "from sqlalchemy import Column, Integer, MetaData, Table, select\n"
         "rides = Table('rides', MetaData(schema='raw'), Column('id', Integer))\n"
         "pd.read_sql(select(rides), con).to_csv('a.csv')\n"},
        ["table:raw.rides -> file:a.csv"],
    ),
    "the schema of a base class": (
        {"a.py": ENGINE + "from sqlalchemy import Column, Integer, MetaData, select\n"
         "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase):\n"
         "    metadata = MetaData(schema='raw')\nclass Ride(Base):\n    __tablename__ = 'rides'\n"
         "    id = Column(Integer)\npd.read_sql(select(Ride), con).to_csv('a.csv')\n"},
        ["table:raw.rides -> file:a.csv"],
    ),
    "the default dataset of one query": (
        {"a.py": "from google.cloud import bigquery\nclient = bigquery.Client('acme')\n"
         "settings = bigquery.QueryJobConfig()\nsettings.default_dataset = client.dataset('raw')\n"
         "client.query('select id from rides', job_config=settings).to_dataframe().to_csv('a.csv')\n"
         "client.query('select id from other').to_dataframe().to_csv('b.csv')\n",
         "x.sql": "CREATE TABLE x AS SELECT id FROM raw.rides; CREATE TABLE y AS SELECT id FROM raw.other"},
        ["table:raw.rides -> file:a.csv", "table:other -> file:b.csv", "table:raw.other -> table:y"],
    ),
    "a project that the environment tells": (
        {"a.py": "import os\nfrom google.cloud import bigquery\nPROJECT = os.environ['PROJECT']\n"
         "bigquery.Client().query(f'select id from `{PROJECT}.raw.rides`').to_dataframe().to_csv('a.csv')\n",
         "b.py": "import os\nfrom google.cloud import bigquery\nPROJECT_ID = os.environ['PROJECT_ID']\n"
         "bigquery.Client().query(f'select id from `{PROJECT_ID}.raw.rides`').to_dataframe().to_csv('b.csv')\n",
         "x.sql": "CREATE TABLE x AS SELECT id FROM acme.raw.rides"},
        ["table:acme.raw.rides -> file:a.csv", "table:acme.raw.rides -> file:b.csv", "table:acme.raw.rides -> table:x"],
    ),
    "the schema of a session of Snowflake": (
        {"a.py": "from snowflake.snowpark.context import get_active_session\nDATABASE = 'SHOP'\n"
         "def start(session):\n    session.use_database(DATABASE)\n    session.use_schema('RAW')\n"
         "session = get_active_session()\nstart(session)\n"
         "session.table('rides').write.mode('overwrite').save_as_table('days')\n",
         "x.sql": "CREATE TABLE x AS SELECT id FROM raw.rides; CREATE TABLE y AS SELECT id FROM raw.days"},
        ["table:raw.rides -> table:raw.days", "table:raw.rides -> table:x"],
    ),
    "the schema in the settings of a session": (
        {"a.py": "from snowflake.snowpark import Session\n"
         "settings = {'account': 'acme', 'database': 'shop', 'schema': 'raw'}\n"
         "session = Session.builder.configs(settings).create()\nsession.table('rides').to_pandas().to_csv('a.csv')\n",
         "x.sql": "CREATE TABLE x AS SELECT id FROM raw.rides"},
        ["table:raw.rides -> file:a.csv"],
    ),
    "USE that Python runs": (
        {"a.py": "import pandas as pd, sqlite3\ncon = sqlite3.connect('x')\ncursor = con.cursor()\n"
         "cursor.execute('USE raw')\n" + READ.format("rides", "con", "a") + READ.format("raw.rides", "con", "b")},
        ["table:raw.rides -> file:a.csv"],
    ),
    "USE in Spark": (
        {"a.py": "from pyspark.sql import SparkSession\nSparkSession.builder.getOrCreate().sql('use raw')\n"
         "spark = SparkSession.builder.getOrCreate()\nspark.table('rides').write.saveAsTable('days')\n"
         "spark.sql('select * from raw.days').write.csv('b.csv')\nspark.table('raw.rides').write.csv('c.csv')\n"},
        ["table:raw.rides -> table:raw.days", "table:raw.days -> file:b.csv"],
    ),
    "the schema of a mapped class": (
        {"a.py": "import pandas as pd\nfrom sqlalchemy import Column, Integer, select\n"
         "from sqlalchemy.orm import declarative_base\nclass Ride(declarative_base()):\n"
         "    __tablename__ = 'rides'\n    __table_args__ = ({'schema': 'audit'},)\n    id = Column(Integer)\n"
         "pd.read_sql(select(Ride), con).to_csv('a.csv')\n"},
        ["table:audit.rides -> file:a.csv"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_one_table(tmp_path: Path, name: str) -> None:
    files, expected = ONE[name]
    lineage = linked(tmp_path, files)
    found = {f"{source} -> {target}" for source, target in edges(lineage)}
    assert set(expected) <= found
    assert not [id for id in lineage.graph.nodes if "::" in id]


def test_a_copy_from_one_project_to_another(tmp_path: Path) -> None:
    files = {
        "a.sql": "CREATE TABLE `{target}.raw.orders` AS SELECT id FROM `{source}.raw.orders`",
        "b.sql": "CREATE TABLE x AS SELECT id FROM raw.orders; CREATE TABLE y AS SELECT id FROM `{p}.raw.x`; "
        "CREATE TABLE `{p}.raw.z` AS SELECT id FROM `{p}.raw.y`; CREATE TABLE z AS SELECT id FROM acme.raw.z",
    }
    found = edges(linked(tmp_path, files))
    assert ("table:{p}.raw.y", "table:acme.raw.z") in found
    assert ("table:{source}.raw.orders", "table:{target}.raw.orders") in found


def test_all_that_is_known_goes_along(tmp_path: Path) -> None:
    files = {
        "a.sql": "CREATE TABLE public.rides (id serial, km int); CREATE TABLE x AS SELECT km * 2 AS far FROM rides",
        "b.py": ENGINE + READ.format("public.rides", "con", "b"),
    }
    lineage = linked(tmp_path, files)
    assert "table:rides" not in lineage.graph.nodes
    columns = {(e.source, e.target) for e in lineage.graph.edges() if e.target == "column:table:x#far"}
    assert columns == {("column:table:public.rides#km", "column:table:x#far")}
    assert {access.id for access in lineage.observations.accesses if "rides" in access.id} == {"table:public.rides"}


@pytest.mark.parametrize(
    ("names", "same"),
    [
        ("orders public.orders raw.orders", {"orders": "public.orders"}),
        ("orders public.orders main.orders", {}),
        ("orders public.orders shop.public.orders", {"orders": "public.orders"}),
        ("orders a.public.orders b.public.orders", {}),
        ("pg_tables pg_catalog.pg_tables", {"pg_tables": "pg_catalog.pg_tables"}),
        ("raw::orders raw.orders orders", {"raw::orders": "raw.orders", "orders": "raw.orders"}),
        ("raw::orders raw.orders mart.orders orders", {"raw::orders": "raw.orders"}),
        ("raw::orders shop.raw.orders", {"raw::orders": "shop.raw.orders"}),
        ("raw::orders shop.raw.orders old.raw.orders", {"raw::orders": "raw.orders"}),
        ("shop.raw::orders raw.orders", {"shop.raw::orders": "raw.orders"}),
        ("shop::raw.orders raw.orders", {"shop::raw.orders": "raw.orders"}),
        ("shop::raw.orders shop.raw.orders", {"shop::raw.orders": "shop.raw.orders"}),
        ("{p}.raw.orders raw.orders", {"{p}.raw.orders": "raw.orders"}),
        ("{p}.raw.orders {id}.raw.orders", {"{p}.raw.orders": "raw.orders", "{id}.raw.orders": "raw.orders"}),
        ("{p}.raw.orders shop.raw.orders", {"{p}.raw.orders": "shop.raw.orders"}),
        ("{p}.raw.orders shop.raw.orders old.raw.orders", {}),
        ("{p}.raw.orders {p}.mart.orders", {}),
    ],
)
def test_names(names: str, same: dict[str, str]) -> None:
    assert one_name(names.split(), set(), {}, set()) == same


@pytest.mark.parametrize(
    ("text", "dialect", "namespace"),
    [
        ("USE raw;", "", Namespace("old", "raw")),
        ("use `shop`.raw", "", Namespace("shop", "raw")),
        ("USE shop", "snowflake", Namespace("shop")),
        ("USE SCHEMA raw", "snowflake", Namespace("old", "raw")),
        ("USE [Shop]", "tsql", Namespace("shop", "dbo")),
        ("USE CATALOG lake", "databricks", Namespace("lake")),
        ("USE ROLE reader", "snowflake", Namespace("old", "one")),
        ("USE raw", "duckdb", NOWHERE),
        ("SET search_path = raw, public", "postgres", Namespace("", "raw")),
        ("SET search_path TO raw, mart", "postgres", NOWHERE),
        ("ALTER SESSION SET CURRENT_SCHEMA = raw", "oracle", Namespace("old", "raw")),
        ("SET x = 1", "", Namespace("old", "one")),
    ],
)
def test_namespace(text: str, dialect: str, namespace: Namespace) -> None:
    assert after(text, dialect, Namespace("old", "one")) == namespace
