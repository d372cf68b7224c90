"""Prefect, ZenML, Metaflow, Luigi, KFP and Dagster: bodies in the order of the flow, values from step to step."""

from __future__ import annotations

from pathlib import Path

from tests.linking import columns, edges, linked


def test_prefect_futures_and_mapping(tmp_path: Path) -> None:
    flow = """
        import pandas as pd
        from prefect import flow, task

        @task(retries=3)
        def read(name: str):
            return pd.read_csv(f"data/{name}.csv")

        @task
        def save(frame, name):
            frame["km"] = frame["m"] / 1000
            frame.to_parquet(f"out/{name}.parquet")

        @flow
        def main(name: str = "trips"):
            frames = read.map(["one", "two"])
            save.submit(read.submit(name).result(), name=name)
            save(frames[0], "mapped")

        if __name__ == "__main__":
            main("taxi")
            main.serve(name="x", parameters={"name": "bus"})
    """
    lineage = linked(tmp_path, {"flow.py": flow})
    found = edges(lineage)
    assert {("file:data/taxi.csv", "file:out/taxi.parquet"), ("file:data/bus.csv", "file:out/bus.parquet")} <= found
    assert ("file:data/one.csv", "file:out/mapped.parquet") in found
    assert ("file:data/taxi.csv", "file:out/bus.parquet") not in found
    assert "km" in columns(lineage, "file:out/taxi.parquet")


def test_a_flow_that_nothing_calls_comes_before_its_tasks(tmp_path: Path) -> None:
    flow = """
        import pandas as pd
        from sklearn.linear_model import LinearRegression
        from zenml import pipeline, step

        @step
        def train(frame):
            return LinearRegression().fit(frame[["km"]], frame["fare"])

        @step
        def load():
            return pd.read_csv("trips.csv")

        @pipeline(enable_cache=False)
        def training():
            train(load())
    """
    lineage = linked(tmp_path, {"flow.py": flow})
    assert edges(lineage) == {("file:trips.csv", "model:LinearRegression")}
    assert lineage.graph.nodes["model:LinearRegression"].attributes["features"] == ["km"]


def test_metaflow_branches_and_joins(tmp_path: Path) -> None:
    flow = """
        import pandas as pd
        from metaflow import FlowSpec, Parameter, step

        class Flow(FlowSpec):
            folder = Parameter("folder", default="data")

            @step
            def start(self):
                self.frame = pd.read_csv(f"{self.folder}/a.csv")
                self.seeds = ["x", "y"]
                self.next(self.left, self.right)

            @step
            def left(self):
                self.part = self.frame[["km"]]
                self.next(self.join)

            @step
            def right(self):
                self.other = pd.read_csv("b.csv")
                self.next(self.join)

            @step
            def join(self, inputs):
                inputs.left.part.to_csv("left.csv")
                inputs.right.other.to_csv("right.csv")
                self.next(self.each, foreach="seeds")

            @step
            def each(self):
                self.name = self.input
                self.next(self.end)

            @step
            def end(self):
                pass

            @step
            def dead(self):
                pd.read_csv("c.csv").to_csv("dead.csv")

        if __name__ == "__main__":
            Flow()
    """
    lineage = linked(tmp_path, {"flow.py": flow})
    found = edges(lineage)
    assert {("file:data/a.csv", "file:left.csv"), ("file:b.csv", "file:right.csv")} <= found
    assert columns(lineage, "file:left.csv") == {"km"}
    assert ("file:b.csv", "file:left.csv") not in found


def test_luigi(tmp_path: Path) -> None:
    tasks = """
        import luigi
        import pandas as pd

        class Raw(luigi.ExternalTask):
            day = luigi.DateParameter(default="2024")

            def output(self):
                return luigi.LocalTarget(f"raw/{self.day}.csv")

        class Clean(luigi.Task):
            day = luigi.Parameter(default="monday")

            def requires(self):
                return {"raw": Raw(day=self.day), "zones": Raw(day="zones")}

            def output(self):
                return luigi.LocalTarget(f"clean/{self.day}.csv")

            def run(self):
                frame = pd.read_csv(self.input()["raw"].path)
                with self.output().open("w") as out:
                    frame.to_csv(out)

        if __name__ == "__main__":
            luigi.build([Clean()])
    """
    found = edges(linked(tmp_path, {"tasks.py": tasks}))
    assert ("file:raw/monday.csv", "file:clean/monday.csv") in found
    assert ("file:raw/zones.csv", "file:clean/monday.csv") not in found


def test_components_of_kubeflow(tmp_path: Path) -> None:
    pipeline = """
        import pandas as pd
        from kfp import dsl
        from kfp.dsl import Dataset, Input, Model, Output

        @dsl.component(packages_to_install=["pandas"])
        def split(source: str, train: Output[Dataset], test: Output[Dataset]):
            import pandas as pd
            pd.read_csv(source).to_csv(train.path)
            pd.read_csv("other.csv").to_csv(test.path)

        @dsl.component
        def fit(data: Input[Dataset], model: Output[Model]):
            import joblib, pandas as pd
            from sklearn.linear_model import LinearRegression
            frame = pd.read_csv(data.path)
            joblib.dump(LinearRegression().fit(frame[["km"]], frame["fare"]), model.path + "/model.joblib")

        @dsl.pipeline(name="eta")
        def eta(source: str = "gs://b/trips.csv"):
            parts = split(source="gs://b/trips.csv")
            fit(data=parts.outputs["train"]).after(parts)
    """
    found = edges(linked(tmp_path, {"pipeline.py": pipeline}))
    assert ("gs://b/trips.csv", "memory:split.train") in found
    models = [target for source, target in found if source == "memory:split.train"]
    assert len(models) == 1
    assert models[0].startswith("model:")
    assert not [target for source, target in found if source == "memory:split.test" and target.startswith("model:")]


def test_dagster_assets_in_any_order(tmp_path: Path) -> None:
    assets = """
        import pandas as pd
        from dagster import AssetIn, asset

        @asset(ins={"frame": AssetIn("clean")}, required_resource_keys={"db"})
        def model_input(context, frame):
            return frame[["km"]]

        @asset(deps=["raw"])
        def report() -> None:
            pd.read_csv("other.csv").to_csv("report.csv")

        @asset
        def clean(raw):
            raw["km"] = raw["m"] / 1000
            return raw

        @asset
        def raw():
            return pd.read_csv("trips.csv")
    """
    lineage = linked(tmp_path, {"assets.py": assets})
    assert edges(lineage) == {
        ("file:trips.csv", "memory:raw"),
        ("memory:raw", "memory:clean"),
        ("memory:clean", "memory:model_input"),
        ("file:other.csv", "file:report.csv"),
    }
    assert columns(lineage, "memory:model_input") == {"km"}


def test_deployments_give_parameters(tmp_path: Path) -> None:
    flow = """
        import pandas as pd
        from prefect import flow

        @flow(name="train")
        def main(path: str = "data/default.csv"):
            pd.read_csv(path).to_csv("out.csv")
    """
    deployments = """
        deployments:
          - name: nightly
            entrypoint: flows/train.py:main
            parameters: {path: data/nightly.csv}
          - name: other
            entrypoint: flows/other.py:main
            parameters: {path: data/other.csv}
    """
    found = edges(linked(tmp_path, {"flows/train.py": flow, "prefect.yaml": deployments}))
    assert found == {("file:data/nightly.csv", "file:out.csv")}
