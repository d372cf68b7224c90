"""Kedro: nodes by name, the catalog with its environments, patterns and interpolations, parameters, namespaces."""

from __future__ import annotations

from pathlib import Path

from tests.linking import columns, edges, linked

CATALOG = """
    _csv: &csv {type: pandas.CSVDataset}
    trips: {<<: *csv, filepath: "data/trips.csv"}
    "clean_{what}": {<<: *csv, filepath: "${globals:folder}/{what}.csv"}
    model: {type: pickle.PickleDataset, filepath: models/eta.pkl}
    zones: {type: pandas.SQLTableDataset, table_name: zones, load_args: {schema: geo}}
    rides: {type: pandas.SQLQueryDataset, sql: "select id, km from raw.rides"}
"""
NODES = """
    from sklearn.linear_model import LinearRegression

    def clean(frame, zones):
        frame["km"] = frame["m"] / 1000
        return frame.merge(zones, on="zone")

    def fit(frame, columns):
        model = LinearRegression()
        model.fit(frame[columns], frame["minutes"])
        return model, {"rows": 1}
"""
PIPELINE = """
    from kedro.pipeline import node, pipeline
    from .nodes import clean, fit

    def steps():
        return [node(clean, {"frame": "trips", "zones": "zones"}, "clean_trips", name="clean")]

    def create_pipeline(**kwargs):
        return pipeline([
            node(func=fit, inputs=["clean_trips", "params:model.features"], outputs=["model", "summary"]),
            *steps(),
        ])
"""
REPO = {
    "conf/base/catalog.yml": CATALOG,
    "conf/base/globals.yml": "folder: data/clean\n",
    "conf/base/parameters.yml": "model: {features: [km]}\n",
    "conf/local/catalog.yml": "trips: {type: pandas.CSVDataset, filepath: /home/me/trips.csv}\n",
    "data/trips.csv": "m,zone,minutes\n1,a,2\n",
    "src/app/__init__.py": "",
    "src/app/pipelines/__init__.py": "",
    "src/app/pipelines/eta/__init__.py": "from .pipeline import create_pipeline\n",
    "src/app/pipelines/eta/nodes.py": NODES,
    "src/app/pipelines/eta/pipeline.py": PIPELINE,
}


def test_nodes_are_joined_by_the_names_of_the_catalog(tmp_path: Path) -> None:
    lineage = linked(tmp_path, REPO)
    found = edges(lineage)
    assert ("file:data/trips.csv", "file:data/clean/trips.csv") in found
    assert ("table:geo.zones", "file:data/clean/trips.csv") in found
    assert ("file:data/clean/trips.csv", "model:models/eta.pkl") in found
    assert ("model:models/eta.pkl", "file:models/eta.pkl") in found
    assert "km" in columns(lineage, "file:data/clean/trips.csv")
    assert lineage.graph.nodes["model:models/eta.pkl"].attributes["features"] == ["km"]


def test_the_base_environment_comes_before_others(tmp_path: Path) -> None:
    assert "file:/home/me/trips.csv" not in linked(tmp_path, REPO).graph.nodes


def test_catalog_entries_that_no_node_names_make_no_edges(tmp_path: Path) -> None:
    assert not [id for id in linked(tmp_path, REPO).graph.nodes if "rides" in id]


def test_queries_and_memory(tmp_path: Path) -> None:
    pipeline = """
        from kedro.pipeline import Node, Pipeline

        def first(rides):
            return rides[["km"]]

        def second(part):
            return part

        def create_pipeline():
            return Pipeline([Node(second, "part", "zones")]) + Pipeline([Node(first, "rides", "part")])
    """
    lineage = linked(tmp_path, {**REPO, "src/app/pipelines/eta/pipeline.py": pipeline})
    found = edges(lineage)
    assert ("table:raw.rides", "memory:part") in found
    assert ("memory:part", "table:geo.zones") in found
    assert columns(lineage, "memory:part") == {"km"}


def test_a_namespace_renames_what_is_not_mapped(tmp_path: Path) -> None:
    pipeline = """
        from kedro.pipeline import node, pipeline

        def scale(frame, factor):
            frame["km"] = frame["m"] * factor
            return frame

        def base():
            return pipeline([node(scale, ["trips", "params:factor"], "scaled")])

        def create_pipeline():
            one = pipeline(base(), namespace="one", inputs="trips")
            two = pipeline(pipe=base(), namespace="two", inputs={"trips": "trips"}, outputs={"scaled": "clean_two"})
            return one + two
    """
    found = edges(linked(tmp_path, {**REPO, "src/app/pipelines/eta/pipeline.py": pipeline}))
    assert ("file:data/trips.csv", "memory:one.scaled") in found
    assert ("file:data/trips.csv", "file:data/clean/two.csv") in found
    assert not [pair for pair in found if "memory:scaled" in pair]


def test_what_the_code_does_not_use_is_only_declared(tmp_path: Path) -> None:
    pipeline = """
        import pandas as pd
        from kedro.pipeline import node, pipeline

        def ignores(trips):
            return pd.DataFrame({"a": [1]})

        def create_pipeline():
            return pipeline([node(ignores, "trips", "report")])
    """
    lineage = linked(tmp_path, {**REPO, "src/app/pipelines/eta/pipeline.py": pipeline})
    assert ("file:data/trips.csv", "memory:report") in edges(lineage, "declared")
    assert ("file:data/trips.csv", "memory:report") not in edges(lineage)
    assert not [id for id in lineage.graph.nodes if id.startswith("consumer:")]


def test_transcoding_is_one_dataset(tmp_path: Path) -> None:
    pipeline = """
        from kedro.pipeline import node, pipeline

        def same(frame):
            return frame

        def create_pipeline():
            return pipeline([
                node(same, "staged@pandas", "result"), node(same, "kept@pandas", "zones"),
                node(same, "trips", "staged@spark"), node(same, "trips", "kept@spark"),
            ])
    """
    catalog = (
        CATALOG
        + """
    staged@spark: {type: spark.SparkDataset, filepath: data/staged.parquet}
    staged@pandas: {type: pandas.ParquetDataset, filepath: data/staged.parquet}
    """
    )
    files = {**REPO, "conf/base/catalog.yml": catalog, "src/app/pipelines/eta/pipeline.py": pipeline}
    assert edges(linked(tmp_path, files)) >= {
        ("file:data/trips.csv", "file:data/staged.parquet"),
        ("file:data/staged.parquet", "memory:result"),
        ("file:data/trips.csv", "memory:kept"),
        ("memory:kept", "table:geo.zones"),
    }


def test_two_projects_have_a_catalog_each(tmp_path: Path) -> None:
    files = {}
    for name in ("a", "b"):
        files[f"{name}/conf/base/catalog.yml"] = """
            source: {type: pandas.CSVDataset, filepath: data/in.csv}
            target: {type: pandas.CSVDataset, filepath: data/out.csv}
        """
        files[f"{name}/src/{name}/pipeline.py"] = """
            from kedro.pipeline import node, pipeline

            def create_pipeline():
                return pipeline([node(lambda frame: frame, "source", "target")])
        """
    found = edges(linked(tmp_path, files))
    assert found == {("file:a/data/in.csv", "file:a/data/out.csv"), ("file:b/data/in.csv", "file:b/data/out.csv")}


def test_one_node_for_each_market_and_globals_named_without_more(tmp_path: Path) -> None:
    """`TemplatedConfigLoader` fills in `${folder}`; a factory makes nodes whose names hold its argument."""
    repo = {
        "conf/base/catalog.yml": """
            north_trips: {type: pandas.CSVDataset, filepath: "${folder}/north.csv"}
            south_trips: {type: pandas.CSVDataset, filepath: "${folder}/south.csv"}
            north_eta: {type: pandas.CSVDataset, filepath: north_eta.csv}
            south_eta: {type: pandas.CSVDataset, filepath: south_eta.csv}
        """,
        "conf/base/globals.yml": "folder: data\n",
        "src/app/__init__.py": "",
        "src/app/pipelines.py": """
            import random
            from kedro.pipeline import node, pipeline

            def eta(trips):
                return trips[["km"]]

            def create_pipeline(**kwargs):
                market = "north" if random.random() < 0.5 else "south"
                return pipeline([node(eta, f"{market}_trips", f"{market}_eta")])
        """,
    }
    found = edges(linked(tmp_path, repo))
    assert ("file:data/north.csv", "file:north_eta.csv") in found
    assert ("file:data/south.csv", "file:south_eta.csv") in found
    assert ("file:data/north.csv", "file:south_eta.csv") not in found
