"""Airflow: operators and TaskFlow, values through XCom, templates, SQL, commands, assets."""

from __future__ import annotations

from pathlib import Path

from tests.linking import columns, edges, linked


def test_callables_are_called_with_their_arguments(tmp_path: Path) -> None:
    dag = """
        import pandas as pd
        from airflow import DAG
        from airflow.operators.python import PythonOperator

        class Clean:
            def __init__(self, target):
                self.target = target

            def __call__(self, source, day):
                pd.read_csv(source).to_parquet(self.target)

        def report(path, ds, **context):
            pd.read_parquet(path).to_csv(f"reports/{ds}.csv")

        with DAG("daily", params={"name": "trips"}) as dag:
            clean = PythonOperator(
                task_id="clean", python_callable=Clean("data/clean.parquet"),
                op_kwargs={"source": "data/{{ params.name }}.csv", "day": "{{ ds }}"},
            )
            show = PythonOperator(task_id="show", python_callable=report, op_args=["data/clean.parquet"])
            clean >> show
    """
    assert edges(linked(tmp_path, {"dags/daily.py": dag})) == {
        ("file:data/trips.csv", "file:data/clean.parquet"),
        ("file:data/clean.parquet", "file:reports/{ds}.csv"),
    }


def test_values_go_through_xcom_in_any_order(tmp_path: Path) -> None:
    dag = """
        import pandas as pd
        from airflow import DAG
        from airflow.operators.python import PythonOperator

        def later(ti):
            path = ti.xcom_pull(task_ids="make")
            rows = ti.xcom_pull(task_ids="make", key="rows")
            pd.read_csv(path).to_csv("out.csv")
            rows.to_csv("rows.csv")

        def make(**context):
            context["ti"].xcom_push(key="rows", value=pd.read_csv("a.csv"))
            return "b.csv"

        def keywords(name):
            pd.read_csv(name).to_csv("named.csv")

        with DAG(dag_id="pass") as dag:
            PythonOperator(task_id="later", python_callable=later)
            tell = PythonOperator(task_id="tell", python_callable=lambda: {"name": "c.csv"})
            PythonOperator(task_id="keywords", python_callable=keywords, op_kwargs=tell.output)
            PythonOperator(task_id="make", python_callable=make)
    """
    found = edges(linked(tmp_path, {"dags/pass.py": dag}))
    assert found == {
        ("file:a.csv", "xcom:pass.make.rows"),
        ("xcom:pass.make.rows", "file:rows.csv"),
        ("file:b.csv", "file:out.csv"),
        ("file:c.csv", "file:named.csv"),
    }


def test_taskflow(tmp_path: Path) -> None:
    dag = """
        import pandas as pd
        from airflow.decorators import dag, task

        @task
        def extract(name):
            return pd.read_csv(f"data/{name}.csv", usecols=["km", "fare"])

        @task(task_id="shape")
        def transform(frame, ds=None):
            frame["rate"] = frame["fare"] / frame["km"]
            return frame

        @task()
        def load(frame):
            frame.to_parquet("out.parquet")

        @dag(schedule="@daily")
        def taxi():
            load(transform(extract("trips")))

        taxi()
    """
    lineage = linked(tmp_path, {"dags/taxi.py": dag})
    assert edges(lineage) == {
        ("file:data/trips.csv", "xcom:taxi.extract"),
        ("xcom:taxi.extract", "xcom:taxi.shape"),
        ("xcom:taxi.shape", "file:out.parquet"),
    }
    assert columns(lineage, "file:out.parquet") == {"km", "fare", "rate"}


def test_what_nobody_pulls_is_consumed_by_the_dag(tmp_path: Path) -> None:
    dag = """
        import pandas as pd
        from airflow.sdk import dag, task

        @task
        def look():
            return pd.read_csv("data/x.csv")

        @dag
        def lonely():
            look()

        lonely()
    """
    assert ("file:data/x.csv", "consumer:dags/lonely.py") in edges(linked(tmp_path, {"dags/lonely.py": dag}))


def test_sql_operators(tmp_path: Path) -> None:
    dag = """
        from airflow import DAG
        from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
        from airflow.providers.google.cloud.transfers.gcs_to_bigquery import GCSToBigQueryOperator
        from airflow.providers.postgres.operators.postgres import PostgresOperator

        with DAG("tables") as dag:
            SQLExecuteQueryOperator(task_id="a", sql="insert into b select x from a where day = '{{ ds }}'")
            PostgresOperator(task_id="c", sql="sql/c.sql")
            GCSToBigQueryOperator(
                task_id="d", bucket="raw", source_objects=["x/{{ ds }}.csv"], destination_project_dataset_table="ml.x",
            )
    """
    files = {"dags/tables.py": dag, "dags/sql/c.sql": "insert into c select x from b;\n"}
    lineage = linked(tmp_path, files)
    assert edges(lineage) >= {("table:a", "table:b"), ("table:b", "table:c"), ("gs://raw/x/{ds}.csv", "table:ml.x")}
    assert {edge.job for edge in lineage.graph.edges() if edge.target == "table:c"} == {"dags/tables.py"}


def test_commands_start_files_of_the_repository(tmp_path: Path) -> None:
    dag = """
        from airflow import DAG
        from airflow.operators.bash import BashOperator
        from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

        with DAG("jobs") as dag:
            BashOperator(task_id="train", bash_command="cd /opt/airflow && python jobs/train.py --data data/a.csv")
            KubernetesPodOperator(
                task_id="score", cmds=["python", "jobs/score.py"], arguments=["--day", "{{ ds }}"], image="x",
            )
    """
    train = """
        import argparse
        import pandas as pd

        parser = argparse.ArgumentParser()
        parser.add_argument("--data", default="data/default.csv")
        pd.read_csv(parser.parse_args().data).to_csv("data/trained.csv")
    """
    score = """
        import argparse
        import pandas as pd

        parser = argparse.ArgumentParser()
        parser.add_argument("--day")
        args = parser.parse_args()
        pd.read_csv("data/trained.csv").to_csv(f"data/scores-{args.day}.csv")
    """
    lineage = linked(tmp_path, {"dags/jobs.py": dag, "jobs/train.py": train, "jobs/score.py": score})
    found = edges(lineage)
    assert ("file:data/a.csv", "file:data/trained.csv") in found
    assert "file:data/default.csv" not in lineage.graph.nodes
    assert [target for source, target in found if source == "file:data/trained.csv"] == ["file:data/scores-{ds}.csv"]


def test_assets_are_declared(tmp_path: Path) -> None:
    dag = """
        from airflow import DAG
        from airflow.datasets import Dataset
        from airflow.operators.python import PythonOperator

        RAW, CLEAN = Dataset("s3://lake/raw.csv"), Dataset("s3://lake/clean.csv")

        with DAG("assets", schedule=[RAW]) as dag:
            PythonOperator(task_id="x", python_callable=print, inlets=[RAW], outlets=[CLEAN])
    """
    lineage = linked(tmp_path, {"dags/assets.py": dag})
    assert ("s3://lake/raw.csv", "s3://lake/clean.csv") in edges(lineage, "declared")
    assert ("s3://lake/raw.csv", "s3://lake/clean.csv") not in edges(lineage)


def test_an_operator_of_the_repository(tmp_path: Path) -> None:
    dag = """
        import pandas as pd
        from airflow import DAG
        from airflow.models import BaseOperator

        class Copy(BaseOperator):
            def __init__(self, source, target, **kwargs):
                super().__init__(**kwargs)
                self.source, self.target = source, target

            def execute(self, context):
                pd.read_csv(self.source).to_csv(self.target)

        with DAG("own") as dag:
            Copy(task_id="c", source="a.csv", target="b.csv")
    """
    assert edges(linked(tmp_path, {"dags/own.py": dag})) == {("file:a.csv", "file:b.csv")}


def test_a_subclass_of_a_modelled_operator(tmp_path: Path) -> None:
    dag = """
        from airflow import DAG
        from airflow.operators.python import PythonOperator
        from airflow.providers.postgres.operators.postgres import PostgresOperator

        class Own(PostgresOperator):
            template_fields = ("sql",)

        class Named(PostgresOperator):
            def __init__(self, table, **kwargs):
                super().__init__(sql="x", **kwargs)

        class OwnDag(DAG):
            pass

        with OwnDag("own"):
            Own(task_id="c", sql="insert into b select x from a")
            Named(task_id="d", table="z")
    """
    assert edges(linked(tmp_path, {"dags/own.py": dag})) == {("table:a", "table:b")}


def test_a_task_that_is_called_twice_is_two(tmp_path: Path) -> None:
    dag = """
        import pandas as pd
        from airflow.decorators import dag, task

        @task
        def read(name):
            return pd.read_csv(name)

        @task
        def check(frame):
            return frame

        @task
        def use(one, two):
            one.to_csv("one.csv")
            two.to_csv("two.csv")

        @dag
        def twice():
            use(check(read("a.csv")), check(read("b.csv")))

        twice()
    """
    found = edges(linked(tmp_path, {"dags/twice.py": dag}))
    assert ("file:a.csv", "xcom:twice.read") in found
    assert ("file:b.csv", "xcom:twice.read__1") in found
    assert ("xcom:twice.check__1", "file:two.csv") in found
    assert ("xcom:twice.check", "file:two.csv") not in found


def test_who_returns_predictions_that_no_task_asks_for_consumes_the_model(tmp_path: Path) -> None:
    dag = """
        import joblib
        import pandas as pd
        from airflow import DAG
        from airflow.operators.python import PythonOperator

        def score(path):
            return joblib.load("model.joblib").predict(pd.read_csv(path)[["km"]]).tolist()

        with DAG("nightly") as dag:
            PythonOperator(task_id="score", python_callable=score, op_kwargs={"path": "trips.csv"})
    """
    found = edges(linked(tmp_path, {"dags/nightly.py": dag}))
    assert ("file:trips.csv", "consumer:dags/nightly.py") in found
    assert any(target == "consumer:dags/nightly.py" and "model" in source for source, target in found)
