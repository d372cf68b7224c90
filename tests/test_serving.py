"""Frameworks that call code of the repository by its name or its class: endpoints, the fields of their requests, and
what rules say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mllint import session
from tests.linking import columns, edges, linked
from tests.replayed import said, write
from tests.serving_repos import DJANGO, IMAGE, LITSERVE, RAY, REPOS, REST, SAGEMAKER, SERVERLESS, TRAIN

MODEL = "file:models/eta.joblib"


def files_of(name: str) -> dict[str, str]:
    return {**TRAIN, **REPOS[name][0]}


@pytest.mark.parametrize("name", REPOS)
def test_an_endpoint_serves_the_model_and_takes_these_fields(name: str, tmp_path: Path) -> None:
    _, endpoint, _ = REPOS[name]
    lineage = linked(tmp_path, files_of(name))
    assert (MODEL, endpoint) in edges(lineage)
    assert columns(lineage, endpoint) >= {"trip_m", "hour"}
    made = [edge.target for edge in lineage.graph.out_edges(f"column:{endpoint}#trip_m")]
    assert f"column:{endpoint}#trip_km" in made


@pytest.mark.parametrize("name", REPOS)
def test_rules_see_what_is_served(name: str, tmp_path: Path) -> None:
    _, endpoint, handler = REPOS[name]
    linked(tmp_path, files_of(name))
    result = session.check(tmp_path, use_cache=False, jobs=1, preview=True, today="2024-01-01")
    found = {finding.code: finding for finding in result.findings}
    assert endpoint.removeprefix("endpoint:") in found["ML104"].message
    assert "ML602" in found
    skew = found["ML701"]
    line = (tmp_path / handler).read_text("utf-8").split("\n")[skew.span.line - 1]
    assert (skew.span.path, "# skew" in line) == (handler, True)


def endpoints(root: Path, files: dict[str, str]) -> set[str]:
    return {id for id in linked(root, files).graph.nodes if id.startswith("endpoint:")}


# ---------------------------------------------------------------------------------------------------- Django


def test_a_page_asks_a_view_by_the_name_of_its_route(tmp_path: Path) -> None:
    lineage = linked(tmp_path, {**TRAIN, **DJANGO})
    assert ("endpoint:POST /rides/eta", "consumer:rides/templates/home.html") in edges(lineage)
    assert {id for id in lineage.graph.nodes if id.startswith("endpoint:")} == {
        "endpoint:GET /rides", "endpoint:POST /rides/eta"
    }  # fmt: skip


VIEW = """
    import joblib
    from django.http import JsonResponse
    from django.views.decorators.csrf import csrf_exempt
    from django.views.decorators.http import require_POST
    from rest_framework.decorators import api_view
    model = joblib.load("models/eta.joblib")
    def plain(request, km=3):
        return JsonResponse({"eta": model.predict([[km]])[0]})
    @csrf_exempt
    @require_POST
    def posted(request):
        return plain(request)
    @api_view(["PATCH"])
    def patched(request):
        return plain(request)
    """


@pytest.mark.parametrize(
    ("route", "wanted"),
    [
        ('path("eta/", plain)', "GET /eta"),
        ('path("eta/<int:km>/", plain)', "GET /eta/<int:km>"),
        ('path("eta", posted, name="eta")', "POST /eta"),
        ('path("eta", csrf_exempt(patched))', "PATCH /eta"),
        (r're_path(r"^eta/(?P<km>\d{1,3}(\.\d)?)/$", plain)', "GET /eta/{km}"),
        ('path("v1/", include([path("eta", plain), path("other", posted)]))', "GET /v1/eta"),
        ('path("v1/", include(([path("eta", plain)], "eta")))', "GET /v1/eta"),
        ('path("v1/", include([path("v2/", include([path("eta", plain)]))]))', "GET /v1/v2/eta"),
    ],
)
def test_routes_of_django(route: str, wanted: str, tmp_path: Path) -> None:
    urls = f"from django.urls import include, path, re_path\nfrom views import *\nurlpatterns = [{route}]\n"
    lineage = linked(tmp_path, {**TRAIN, "views.py": VIEW, "urls.py": urls})
    assert (MODEL, f"endpoint:{wanted}") in edges(lineage)


def test_modules_of_routes_that_include_each_other_end(tmp_path: Path) -> None:
    text = "from django.urls import include, path\nfrom views import plain\n"
    files = {
        **TRAIN, "views.py": VIEW,
        "a.py": text + "urlpatterns = [path('a/', include('b')), path('eta', plain)]\n",
        "b.py": text + "urlpatterns = [path('b/', include('a'))]\n",
    }  # fmt: skip
    assert any(id.endswith("/eta") for id in endpoints(tmp_path, files))


def test_each_verb_of_a_class_is_an_endpoint_with_its_own_fields(tmp_path: Path) -> None:
    lineage = linked(tmp_path, {**TRAIN, **REST})
    assert columns(lineage, "endpoint:GET /later") == {"at"}
    assert (MODEL, "endpoint:GET /later") not in edges(lineage)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def create(self", "permission_classes = [IsAuthenticated]\n            def create(self"),
        ("class EtaViewSet(viewsets.ViewSet)", "class EtaViewSet(LoginRequiredMixin, viewsets.ViewSet)"),
    ],
)
def test_a_view_that_asks_who_is_there_is_not_open(old: str, new: str, tmp_path: Path) -> None:
    imports = "from rest_framework.permissions import IsAuthenticated\n        import joblib"
    imports = f"from django.contrib.auth.mixins import LoginRequiredMixin\n        {imports}"
    views = REST["rides/views.py"].replace("import joblib", imports, 1).replace(old, new)
    routes = linked(tmp_path, {**TRAIN, **REST, "rides/views.py": views}).observations.routes
    assert {route.endpoint: route.guard for route in routes}["endpoint:POST /api/eta"] == "seen"


# ------------------------------------------------------------------------------------------ other frameworks


def test_a_service_that_authorizes_is_not_open(tmp_path: Path) -> None:
    server = LITSERVE["serving/server.py"].replace(
        "            def predict",
        "            def authorize(self, auth):\n                if auth != KEY:\n"
        "                    raise HTTPException(status_code=401)\n            def predict",
    )
    (route,) = linked(tmp_path, {**TRAIN, "serving/server.py": server}).observations.routes
    assert route.guard == "seen"


def test_only_the_deployment_that_no_other_is_made_with_answers_requests(tmp_path: Path) -> None:
    assert endpoints(tmp_path, {**TRAIN, **RAY}) == {"endpoint:POST /eta"}


def test_a_function_that_only_a_clock_calls_is_no_endpoint(tmp_path: Path) -> None:
    assert endpoints(tmp_path, {**TRAIN, **SERVERLESS}) == {"endpoint:POST /eta"}


def test_the_image_of_a_template_answers_the_routes_of_the_template(tmp_path: Path) -> None:
    template = """
        Resources:
          Eta:
            Type: AWS::Serverless::Function
            Properties:
              PackageType: Image
              Events:
                Ask: {Type: HttpApi, Properties: {Path: /v1/eta, Method: POST}}
            Metadata: {Dockerfile: Dockerfile, DockerContext: ./serving}
        """
    assert endpoints(tmp_path, {**TRAIN, **IMAGE, "template.yaml": template}) == {"endpoint:POST /v1/eta"}


def test_a_handler_that_two_files_could_hold_is_none(tmp_path: Path) -> None:
    files = {
        "Dockerfile": 'FROM public.ecr.aws/lambda/python:3.12\nCMD ["app.handler"]\n',
        "one/app.py": IMAGE["serving/app.py"], "two/app.py": IMAGE["serving/app.py"],
    }  # fmt: skip
    assert endpoints(tmp_path, {**TRAIN, **files}) == set()


def test_what_a_platform_hosts_comes_from_the_data_of_its_model(tmp_path: Path) -> None:
    lineage = linked(tmp_path, {**TRAIN, **SAGEMAKER})
    assert ("s3://models/eta/model.tar.gz", "endpoint:code/inference.py") in edges(lineage)


def test_a_script_without_handlers_of_its_own_answers_with_the_model_itself(tmp_path: Path) -> None:
    script = "import joblib\ndef model_fn(model_dir):\n    return joblib.load('models/eta.joblib')\n"
    lineage = linked(tmp_path, {**TRAIN, "code/inference.py": script})
    assert (MODEL, "endpoint:code/inference.py") in edges(lineage)


def test_a_later_run_finds_what_a_first_run_finds(tmp_path: Path) -> None:
    files = {path: text for name in ("django", "ray", "litserve", "serverless", "sagemaker")
             for path, text in REPOS[name][0].items()}  # fmt: skip
    linked(tmp_path, {**TRAIN, **files})
    said(tmp_path, use_cache=True)
    for path in ("rides/views.py", "rides/urls.py", "serving/app.py", "src/eta.py", "code/inference.py", "train.py"):
        file = tmp_path / path
        for old, new in (("1609.34", "1609"), ('"eta/"', '"when/"'), ("trips", "journeys")):
            write(tmp_path, {path: file.read_text("utf-8").replace(old, new)})
            assert said(tmp_path, use_cache=True) == said(tmp_path, use_cache=False), path


def test_a_later_run_still_knows_the_functions_that_code_names(tmp_path: Path) -> None:
    stack = """
        from aws_cdk import aws_lambda
        aws_lambda.Function(None, "Eta", handler="app.handler", code=aws_lambda.Code.from_asset("serving"))
        """
    for path in ("deploy.py", "z_deploy.py"):  # before the file of the handler, and after it
        root = tmp_path / path
        root.mkdir()
        files = {**TRAIN, path: stack, "serving/app.py": IMAGE["serving/app.py"], "other.py": "x = 1\n"}
        assert endpoints(root, files) == {"endpoint:serving/app.handler"}
        said(root, use_cache=True)
        write(root, {"other.py": "x = 2\n"})
        assert said(root, use_cache=True) == said(root, use_cache=False)
        assert "endpoint:serving/app.handler" in said(root, use_cache=True)[0]


# ------------------------------------------------------------------------------------- prefixes of routers

FAST = """
from fastapi import APIRouter, FastAPI

router = APIRouter(prefix="/rides")

@router.get("/bulk")
def bulk():
    return []

app = FastAPI(prefix="/api/v1")  # no parameter of FastAPI: it stands before nothing

@app.get("/")
def home():
    return "rides"

app.include_router(router, prefix="/api/v1")
"""

FLASK = """
from flask import Blueprint, Flask

rides = Blueprint("rides", __name__, url_prefix="/rides")
taxis = Blueprint("taxis", __name__, url_prefix="/taxis")

@rides.get("/bulk")
@taxis.get("/bulk")
def bulk():
    return []

app = Flask(__name__)
app.register_blueprint(rides, url_prefix="/api/rides")  # instead of its own
app.register_blueprint(taxis)
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [(FAST, {"GET /api/v1/rides/bulk", "GET /"}), (FLASK, {"GET /api/rides/bulk", "GET /taxis/bulk"})],
)
def test_what_stands_before_the_routes_of_a_router(code: str, expected: set[str], tmp_path: Path) -> None:
    assert endpoints(tmp_path, {"app.py": code}) == {f"endpoint:{route}" for route in expected}


# ------------------------------------------------------------------------------- a request chooses a model

CHOOSING = """
import os
from enum import Enum
from pathlib import Path

import joblib
from fastapi import FastAPI, Query

app = FastAPI()

class Size(str, Enum):
    small = "small"
    large = "large"

FOLDER = Path(__file__).parent / "models"
PATHS = {"small": FOLDER / "a.pkl", "large": FOLDER / "b.pkl"}
NAMES = {"small": "a", "large": "b"}

@app.post("/eta")
def eta(km: float, size: Size = Query(default=Size.small)):
    return joblib.load(CHOSEN).predict([[km]])[0]
"""


@pytest.mark.parametrize(
    "chosen",
    ["PATHS[size]", "PATHS.get(size)", 'f"models/{NAMES[size]}.pkl"', 'os.path.join("models", NAMES[size] + ".pkl")'],
)
def test_a_request_chooses_one_of_the_models_that_a_dictionary_names(chosen: str, tmp_path: Path) -> None:
    lineage = linked(tmp_path, {"app.py": CHOOSING.replace("CHOSEN", chosen)})
    models = {source for source, target in edges(lineage) if target == "endpoint:POST /eta"}
    assert models == {"file:models/a.pkl", "file:models/b.pkl"}
    assert not lineage.coverage.gaps


def test_what_a_dictionary_gives_for_a_field_is_still_computed(tmp_path: Path) -> None:
    code = CHOOSING.replace("[[km]]", "[[km, CODES[size]]]").replace("CHOSEN", '"m.pkl"')
    lineage = linked(tmp_path, {"app.py": code + '\nCODES = {"small": 0, "large": 1}\n'})
    assert ("file:m.pkl", "endpoint:POST /eta") in edges(lineage)
    assert columns(lineage, "endpoint:POST /eta") == {"km", "size"}
