"""What goes through memory, archives, copies and listings on its way from one file to another."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.linking import edges, linked

HEAD = """
import gzip, io, json, os, shutil, tarfile, zipfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
import boto3, joblib, mlflow, requests
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.parquet as pq
from sklearn.linear_model import Ridge
s3 = boto3.client("s3")
"""

PROGRAMS = {
    "a tensor is downloaded and uploaded": (
        """
        given = io.BytesIO()
        s3.download_fileobj(Fileobj=given, Bucket="b", Key="in.npy")
        given.seek(0)
        made = io.BytesIO()
        np.save(made, np.load(given, allow_pickle=True) * 2)
        made.seek(0)
        s3.upload_fileobj(Fileobj=made, Bucket="b", Key="out.npy")
        """,
        ["s3://b/in.npy -> s3://b/out.npy"],
    ),
    "a model comes back": (
        """
        d = pd.read_csv("in.csv")
        buffer = io.BytesIO()
        joblib.dump(Ridge().fit(d[["x"]], d["y"]), buffer)
        s3.put_object(Bucket="b", Key="m.joblib", Body=buffer.getvalue())
        model = joblib.load(io.BytesIO(s3.get_object(Bucket="b", Key="m.joblib")["Body"].read()))
        pd.DataFrame({"p": model.predict(d[["x"]])}).to_csv("out.csv")
        """,
        ["column:file:in.csv#x -> s3://b/m.joblib", "s3://b/m.joblib -> column:file:out.csv#p"],
    ),
    "JSON is packed into memory": (
        """
        payload = requests.get("https://api.x.org/data").json()
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb") as packed:
            packed.write(json.dumps(payload).encode("utf-8"))
        s3.put_object(Bucket="b", Key="out.gz", Body=buffer.getvalue())
        """,
        ["https://api.x.org/data -> s3://b/out.gz"],
    ),
    "a frame comes back as text, with its columns": (
        """
        buffer = io.StringIO()
        pd.read_csv("in.csv")[["x"]].set_index("x").reset_index().to_csv(buffer, index=False)
        s3.put_object(Bucket="b", Key="t.csv", Body=buffer.getvalue())
        """,
        ["column:file:in.csv#x -> column:s3://b/t.csv#x"],
    ),
    "pyarrow, there and back": (
        """
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pandas(pd.read_csv("in.csv")[["x"]]), buffer)
        s3.put_object(Bucket="b", Key="t.parquet", Body=buffer.getvalue())
        body = s3.get_object(Bucket="b", Key="t.parquet")["Body"].read()
        pq.read_table(io.BytesIO(body)).to_pandas().to_csv("out.csv")
        """,
        ["column:file:in.csv#x -> column:s3://b/t.parquet#x", "column:file:in.csv#x -> column:file:out.csv#x"],
    ),
    "an archive in memory": (
        """
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
            packed.add("in.csv")
        s3.upload_fileobj(buffer, "b", "t.tar.gz")
        """,
        ["file:in.csv -> s3://b/t.tar.gz"],
    ),
    "an archive is read out of what a server answers": (
        """
        body = requests.get("https://api.x.org/t.zip").content
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            pd.read_csv(packed.open("t.csv")).to_csv("out.csv")
        """,
        ["https://api.x.org/t.zip -> file:out.csv"],
    ),
    "an archive is unpacked": (
        """
        with open("m.zip", "wb") as file:
            s3.download_fileobj("b", "m.zip", file)
        with zipfile.ZipFile("m.zip", "r") as packed:
            packed.extractall("model")
        pd.read_csv("model/t.csv").to_csv("out.csv")
        """,
        ["s3://b/m.zip -> file:out.csv"],
    ),
    "a folder is packed and uploaded": (
        """
        pd.read_csv("in.csv").to_csv("model/t.csv")
        s3.upload_file(shutil.make_archive("model", "zip", "model"), "b", "m.zip")
        """,
        ["file:in.csv -> s3://b/m.zip"],
    ),
    "a file is replaced by what is written beside it": (
        """
        ROOT = Path(os.environ["ROOT"]).resolve()
        def write(frame, path):
            beside = path.with_suffix(path.suffix + ".tmp")
            frame.to_parquet(beside)
            beside.replace(path)
        write(pd.read_parquet(ROOT / "in.parquet")[["x"]], ROOT / "out.parquet")
        write(pd.read_parquet("in.parquet")[["x"]], Path("out.parquet"))
        pd.read_parquet("out.parquet").to_csv("out.csv")
        """,
        [
            "file:{folder}/in.parquet -> file:{folder}/out.parquet",
            "column:file:in.parquet#x -> column:file:out.parquet#x",
            "column:file:out.parquet#x -> column:file:out.csv#x",
        ],
    ),
    "the last of what a store lists": (
        """
        def keys(prefix):
            found = []
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket="b", Prefix=prefix):
                for entry in page.get("Contents", []):
                    found.append(entry["Key"])
            return sorted(found)
        pd.read_csv("in.csv").to_csv("s3://b/trips/day=1/t.csv")
        body = s3.get_object(Bucket="b", Key=keys("trips/day=")[-1])["Body"].read()
        pd.read_csv(io.BytesIO(body)).to_csv("out.csv")
        """,
        ["s3://b/trips/day=* -> file:out.csv", "file:in.csv -> file:out.csv"],
    ),
    "what a run keeps": (
        """
        mlflow.log_dict({"cut": pd.read_csv("in.csv")["x"].max()}, "parts/cut.json")
        path = mlflow.artifacts.download_artifacts(run_id="1", artifact_path="parts/cut.json")
        with open(path) as file:
            pd.DataFrame({"y": [json.load(file)["cut"]]}).to_csv("out.csv")
        """,
        ["file:in.csv -> runs:/{run-id}/parts/cut.json", "runs:/{run-id}/parts/cut.json -> file:out.csv"],
    ),
    "rows are sent to an endpoint by threads": (
        """
        def score(row):
            body = json.dumps({"row": row}).encode()
            answer = boto3.client("sagemaker-runtime").invoke_endpoint(EndpointName="eta", Body=body)
            return json.loads(answer["Body"].read().decode())["prediction"]
        frame = pd.read_csv("in.csv")
        rows = frame[["x"]].values.tolist()
        found = [None] * len(rows)
        with ThreadPoolExecutor() as pool:
            futures = {pool.submit(score, rows[i]): i for i in range(len(rows))}
            for future in as_completed(futures):
                found[futures[future]] = future.result()
        frame["p"] = found
        frame.to_csv("out.csv")
        """,
        ["endpoint:eta -> column:file:out.csv#p"],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_arrives(tmp_path: Path, name: str) -> None:
    code, expected = PROGRAMS[name]
    graph = linked(tmp_path, {"main.py": HEAD + dedent(code)}).graph
    for pair in expected:
        source, target = pair.split(" -> ")
        assert graph.path(source, target), pair


def test_what_nobody_asks_for_again_stays_with_the_tracker(tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"main.py": HEAD + "mlflow.log_artifact('in.csv')\n"})
    assert edges(lineage) == {("file:in.csv", "consumer:mlflow")}


def test_a_text_is_still_replaced_as_a_text(tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"main.py": HEAD + "pd.read_csv('in.csv').to_csv('a.csv'.replace('a', 'b'))\n"})
    assert ("file:in.csv", "file:b.csv") in edges(lineage)


def test_a_path_that_data_tell_is_not_what_lies_there(tmp_path: Path) -> None:
    code = """
        paths = requests.get("https://api.x.org/paths").json()
        with open(paths["out"], "w") as file:
            file.write(pd.read_csv("in.csv").to_csv())
    """
    gaps = linked(tmp_path, {"main.py": HEAD + dedent(code)}).coverage.gaps
    assert [gap.is_read for gap in gaps] == [False]


def test_two_buffers_hold_what_was_written_to_each(tmp_path: Path) -> None:
    code = """
        def send(frame, key):
            buffer = io.BytesIO()
            frame.to_parquet(buffer)
            s3.upload_fileobj(buffer, "b", key)
        send(pd.read_csv("one.csv"), "1")
        send(pd.read_csv("two.csv"), "2")
    """
    found = edges(linked(tmp_path, {"main.py": HEAD + dedent(code)}))
    assert {("file:one.csv", "s3://b/1"), ("file:two.csv", "s3://b/2")} <= found
    assert ("file:one.csv", "s3://b/2") not in found
