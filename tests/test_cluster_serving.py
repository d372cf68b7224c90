"""Models that KServe and Seldon serve: their address joins what code writes there, and those that are put together."""

from __future__ import annotations

from pathlib import Path

import pytest
from linking import edges, linked

KSERVE = "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: eta}\nspec:\n  predictor:\n"
SEEN = {
    "KServe": KSERVE + "    model: {modelFormat: {name: sklearn}, storageUri: 's3://models/eta/'}\n",
    "KServe, by framework": KSERVE + "    sklearn: {storageUri: s3://models/eta}\n",
    "KFServing": "apiVersion: serving.kubeflow.org/v1alpha2\nkind: InferenceService\nmetadata: {name: eta}\n"
    "spec: {default: {predictor: {sklearn: {storageUri: s3://models/eta}}}}\n",
    "a model of a service": "apiVersion: serving.kserve.io/v1alpha1\nkind: TrainedModel\nmetadata: {name: one}\n"
    "spec: {inferenceService: eta, model: {storageUri: s3://models/eta, framework: sklearn}}\n",
    "Seldon 1": "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nmetadata: {name: eta}\n"
    "spec:\n  predictors:\n  - graph: {name: first, type: ROUTER, children: [{name: c, modelUri: s3://models/eta}]}\n",
    "Seldon 2": "apiVersion: mlops.seldon.io/v1alpha1\nkind: Model\nmetadata: {name: eta}\n"
    "spec: {storageUri: s3://models/eta/, requirements: [sklearn]}\n",
}


@pytest.mark.parametrize("kind", SEEN)
def test_an_address_is_served(tmp_path: Path, kind: str) -> None:
    assert edges(linked(tmp_path, {"k8s/serve.yaml": SEEN[kind]})) == {("s3://models/eta", "endpoint:eta")}


@pytest.mark.parametrize("kind", SEEN)
def test_it_is_what_code_writes_into_that_folder(tmp_path: Path, kind: str) -> None:
    code = (
        "import joblib\nimport pandas as pd\nfrom sklearn.linear_model import Ridge\ndf = pd.read_csv('a.csv')\n"
        "joblib.dump(Ridge().fit(df[['x']], df['y']), 's3://models/eta/model.joblib')\n"
    )
    found = edges(linked(tmp_path, {"train.py": code, "serve.yaml": SEEN[kind]}))
    assert ("s3://models/eta/model.joblib", "endpoint:eta") in found
    assert ("s3://models/eta", "endpoint:eta") not in found


def test_a_registered_model_is_served(tmp_path: Path) -> None:
    text = KSERVE + "    model: {storageUri: 'models:/fares/3'}\n"
    assert edges(linked(tmp_path, {"serve.yaml": text})) == {("model:fares", "endpoint:eta")}


def test_candidates_steps_and_routes(tmp_path: Path) -> None:
    seldon = "apiVersion: mlops.seldon.io/v1alpha1\nkind: KIND\nmetadata: {name: all}\nspec:\n"
    graph = (
        "apiVersion: serving.kserve.io/v1alpha1\nkind: InferenceGraph\nmetadata: {name: graph}\nspec:\n  nodes:\n"
        "    root: {routerType: Sequence, steps: [{serviceName: a, name: first}, {nodeName: more, name: then}]}\n"
        "    more: {routerType: Splitter, routes: [{serviceName: b, weight: 20}]}\n"
    )
    files = {
        "trial.yaml": seldon.replace("KIND", "Experiment")
        + "  default: a\n  candidates: [{name: a, weight: 70}, {name: b, weight: 30}]\n"
        "  mirror: {name: c, percent: 5}\n",
        "steps.yaml": seldon.replace("KIND", "Pipeline").replace("all", "line")
        + "  steps: [{name: a}, {name: b, inputs: [a]}]\n  output: {steps: [b]}\n",
        "graph.yaml": graph,
    }
    found = {(a.removeprefix("endpoint:"), b.removeprefix("endpoint:")) for a, b in edges(linked(tmp_path, files))}
    assert {
        ("a", "all"),
        ("b", "all"),
        ("c", "all"),
        ("a", "line"),
        ("b", "line"),
        ("a", "graph"),
        ("b", "graph"),
    } == found


@pytest.mark.parametrize("value", ["'{{ .Values.model }}/x'", "'${URI}/x'"])
def test_an_address_that_is_filled_in_later_is_none(tmp_path: Path, value: str) -> None:
    lineage = linked(tmp_path, {"serve.yaml": KSERVE + f"    model: {{storageUri: {value}}}\n"})
    assert not list(lineage.graph.edges())


def test_other_resources_are_none_of_these(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Model\nmetadata: {name: eta}\nspec: {storageUri: s3://models/eta}\n"
    assert not linked(tmp_path, {"serve.yaml": text}).graph.nodes
