"""Services that ask each other: which endpoint a URL means, what containers are given, and where imports start."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.linking import edges, linked

SERVICE = """
    import joblib
    from fastapi import FastAPI
    app = FastAPI()
    model = joblib.load("/srv/fare.joblib")
    @app.post("/predict")
    def predict(km: float):
        return {"fare": float(model.predict([[km]])[0])}
    """
GATEWAY = """
    import os, requests
    from fastapi import FastAPI
    app = FastAPI()
    URL = os.getenv("MODEL_URL", "http://fare-api:8000")
    @app.post("/predict")
    def predict(body: dict):
        return requests.post(f"{URL}/predict", json=body).json()
    """
COMPOSE = """
    services:
      fare-api:
        build: {context: ., dockerfile: inner/Dockerfile}
        ports: ["8001:8000"]
      gateway:
        build: {context: ., dockerfile: outer/Dockerfile}
        ports: ["127.0.0.1:8002:8000"]
      db: {image: postgres}
      page:
        build: {context: ., dockerfile: page.Dockerfile}
        environment: {API_URL: "${API_URL:-http://gateway:8000}"}
    """
SERVES = 'FROM python:3.12\nCOPY {}/main.py .\nCMD ["uvicorn", "main:app"]\n'
FILES = {
    "inner/main.py": SERVICE,
    "inner/Dockerfile": SERVES.format("inner"),
    "outer/main.py": GATEWAY,
    "outer/Dockerfile": SERVES.format("outer"),
    "page.Dockerfile": "FROM python:3.12\nCOPY ui/ .\nCMD streamlit run page.py\n",
    "ui/page.py": "print('a page')\n",
    "compose.yaml": COMPOSE,
}
INNER, OUTER = "endpoint:POST /predict", "endpoint:POST /predict in outer/main.py"


def asked(root: Path, files: dict[str, str]) -> set[str]:
    return {a for a, b in edges(linked(root, {**FILES, **files})) if b in ("consumer:client.py", "consumer:run.sh")}


def test_a_service_asks_the_other_one_and_passes_its_answer_on(tmp_path: Path) -> None:
    found = edges(linked(tmp_path, FILES))
    assert {(INNER, "consumer:outer/main.py"), (INNER, OUTER)} <= found
    assert not {(OUTER, "consumer:outer/main.py"), (OUTER, INNER)} & found


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://gateway:8000/predict", OUTER),
        ("http://fare-api:8000/predict", INNER),
        ("http://fare-api.prod.svc.cluster.local/predict", INNER),
        ("http://localhost:8001/predict", INNER),
        ("http://localhost:8002/predict", OUTER),
        ("http://db:8000/predict", None),  # somebody else's image
    ],
)
def test_the_host_or_the_port_tells_which_service_is_asked(url: str, wanted: str | None, tmp_path: Path) -> None:
    client = f"import requests\nprint(requests.post('{url}', json={{'km': 3}}).json())\n"
    assert asked(tmp_path / "python", {"client.py": client}) == ({wanted} if wanted else set())
    assert asked(tmp_path / "shell", {"run.sh": f"curl -d x {url}\n"}) == ({wanted} if wanted else set())


@pytest.mark.parametrize(("ask", "is_asked"), [("post('{}/predict', json={{}})", True), ("get('{}/health')", False)])
def test_a_port_of_this_machine_may_be_that_of_a_service_started_by_hand(
    ask: str, is_asked: bool, tmp_path: Path
) -> None:
    files = {
        "main.py": dedent(SERVICE) + "@app.get('/health')\ndef health(): return {'ok': True}\n",
        "compose.yaml": "services: {charts: {image: grafana/grafana, ports: ['3000:3000']}}\n",
        "client.py": f"import requests\nrequests.{ask.format('http://localhost:3000')}\n",
    }
    lineage = linked(tmp_path, files)
    assert ("consumer:client.py" in lineage.graph.nodes) == is_asked


def test_a_page_that_the_command_does_not_name_has_the_variables_of_its_container(tmp_path: Path) -> None:
    page = "import os, requests\nprint(requests.post(os.environ['API_URL'] + '/predict', json={}).json())\n"
    found = edges(linked(tmp_path, {**FILES, "ui/pages/1_fare.py": page}))
    assert {edge for edge in found if edge[1] == "consumer:ui/pages/1_fare.py"} == {
        (OUTER, "consumer:ui/pages/1_fare.py")
    }


BASE = "http://gateway:8000"
CLIENTS = {
    "urlopen of a request": f"urlopen(Request('{BASE}/predict', data=b'1', method='POST'))",
    "urlopen with data": f"urlopen('{BASE}/predict', b'1').read()",
    "http.client": "connection = HTTPConnection('gateway', 8000)\nconnection.request('POST', '/predict', '1')",
    "httpx with a base": f"httpx.Client(base_url='{BASE}').post('/predict', json=1)",
    "httpx.request": f"httpx.request('POST', '{BASE}/predict')",
    "a session with request": f"requests.Session().request('POST', '{BASE}/predict')",
    "a base url in an attribute": "class Client:\n    def __init__(self, base):\n"
    "        self.base, self.session = base.rstrip('/'), requests.Session()\n"
    "    def predict(self):\n        return self.session.post(f'{self.base}/predict', json=1)\n"
    f"Client('{BASE}/').predict()",
    "aiohttp": "async def ask():\n"
    f"    async with aiohttp.ClientSession('{BASE}') as s, s.post('/predict', json=1) as r:\n"
    "        print(await r.json())\n",
    "httpx, asynchronous": "async def ask():\n"
    f"    async with httpx.AsyncClient(base_url='{BASE}') as s:\n        print(await s.post('/predict'))\n",
    "urllib3": f"urllib3.PoolManager().request('POST', '{BASE}/predict')",
}
IMPORTS = """import aiohttp, httpx, requests, urllib3
from http.client import HTTPConnection
from urllib.request import Request, urlopen
"""


@pytest.mark.parametrize("client", CLIENTS)
def test_clients_of_every_library_ask_the_endpoint_and_read_no_file(client: str, tmp_path: Path) -> None:
    lineage = linked(tmp_path, {**FILES, "client.py": IMPORTS + CLIENTS[client] + "\n"})
    assert {a for a, b in edges(lineage) if b == "consumer:client.py"} == {OUTER}
    assert not [id for id in lineage.graph.nodes if "gateway" in id]


def test_a_download_by_urlopen_stays_a_file(tmp_path: Path) -> None:
    files = {"a.py": "import pandas as pd\nfrom urllib.request import Request, urlopen\n"
             "pd.read_csv(urlopen(Request('https://e.org/a.csv', headers={}))).to_csv('b.csv')\n"}  # fmt: skip
    assert edges(linked(tmp_path, files)) == {("https://e.org/a.csv", "file:b.csv")}


# ------------------------------------------------------------------------------------------ what containers have

READ = "import os\nimport pandas as pd\nD = os.environ['DATA_ROOT']\npd.read_csv(D + '/a.csv').to_csv(D + '/b.csv')\n"
IN_DATA = {("file:data/a.csv", "file:data/b.csv")}
ENVIRONMENTS = {
    "mounted, and started elsewhere": "services:\n  s:\n    image: x\n    environment: [DATA_ROOT=/opt/p/data]\n"
    "    volumes: ['.:/opt/p', 'named:/var/x']\n",
    "merged from another mapping": "x-e: &e {DATA_ROOT: /opt/p/data}\nservices:\n  s:\n    image: x\n"
    "    environment:\n      <<: *e\n    volumes:\n    - {type: bind, source: ., target: /opt/p}\n",
    "filled in from the example beside it": "services:\n  s:\n    image: x\n    volumes: ['.:/opt/p']\n"
    "    environment:\n      DATA_ROOT: ${PLACE}/data\n",
}


@pytest.mark.parametrize("given", ENVIRONMENTS)
def test_a_file_that_a_container_has_is_given_its_variables(given: str, tmp_path: Path) -> None:
    files = {"copy_it.py": READ, "compose.yaml": ENVIRONMENTS[given], ".env.example": "PLACE=/opt/p\n"}
    assert edges(linked(tmp_path, files)) == IN_DATA


def test_containers_that_differ_tell_all_they_say_and_others_nothing(tmp_path: Path) -> None:
    services = "".join(
        f"  s{number}:\n    image: x\n    volumes: ['./{folder}:/w']\n    environment: {{DATA_ROOT: /w/{number}}}\n"
        for number, folder in enumerate(["one", "one", "two"])
    )
    files = {"one/a.py": READ, "compose.yaml": f"services:\n{services}"}
    assert edges(linked(tmp_path, files)) >= {(f"file:one/{n}/a.csv", f"file:one/{n}/b.csv") for n in (0, 1)}
    assert not [id for id in linked(tmp_path, files).graph.nodes if "/2/" in id]


def test_paths_of_a_container_are_those_that_are_mounted_or_copied_there(tmp_path: Path) -> None:
    files = {
        "job/run.py": "import pandas as pd\nfor n in ('in', 'out', 'kept'):\n"
        "    pd.read_csv(f'/work/{n}/a.csv').to_csv(f'/work/{n}/b.csv')\n",
        "job/Dockerfile": "FROM python:3.12\nWORKDIR /work\nCOPY . .\nCMD python run.py\n",
        "compose.yaml": "services:\n  s:\n    build: ./job\n    volumes: ['./store:/work/out', 'v:/work/kept']\n",
    }
    found = edges(linked(tmp_path, files))
    assert {("file:store/a.csv", "file:store/b.csv"), ("file:/work/kept/a.csv", "file:/work/kept/b.csv")} <= found


# ------------------------------------------------------------------------------------------ where imports start

LOADS = "import joblib\ndef load():\n    return joblib.load('/srv/fare.joblib')\n"
ROOTS = {
    "package-dir": ("pyproject.toml", '[tool.setuptools]\npackage-dir = {"" = "src"}\n'),
    "find": ("pyproject.toml", '[tool.setuptools.packages.find]\nwhere = ["src"]\n'),
    "poetry": ("pyproject.toml", '[tool.poetry]\npackages = [{include = "models", from = "src"}]\n'),
    "hatch": ("pyproject.toml", '[tool.hatch.build.targets.wheel]\npackages = ["src/models"]\n'),
    "pytest": ("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["src"]\n'),
    "setup.py": ("setup.py", 'from setuptools import setup\nsetup(package_dir={"": "src"})\n'),
    "setup.cfg": ("setup.cfg", "[options]\npackage_dir =\n    =src\n"),
    "Dockerfile": ("Dockerfile", "FROM x\nWORKDIR /w\nCOPY src/ lib/\nENV PYTHONPATH=/w/lib\nCMD python -m models\n"),
    "Makefile": ("Makefile", "run:\n\tPYTHONPATH=src python api/main.py\n"),
    "compose": (
        "compose.yaml",
        "services:\n  s:\n    image: x\n    volumes: ['.:/w']\n    environment: {PYTHONPATH: '/w:/w/src'}\n",
    ),
    "workflow": (".github/workflows/w.yml", "env: {PYTHONPATH: src}\njobs:\n  j:\n    steps:\n    - run: pytest\n"),
}


@pytest.mark.parametrize("said", [*ROOTS, "nothing"])
def test_imports_start_where_the_project_says(said: str, tmp_path: Path) -> None:
    path, text = ROOTS.get(said, ("README.md", "# Fares\n"))
    files = {
        "src/__init__.py": "",
        "src/models/__init__.py": "",
        "src/models/loader.py": LOADS,
        "api/main.py": SERVICE.replace("import joblib", "from models.loader import load").replace(
            'joblib.load("/srv/fare.joblib")', "load()"
        ),
        path: text,
    }
    served = ("file:/srv/fare.joblib", "endpoint:POST /predict") in edges(linked(tmp_path, files))
    assert served == (said != "nothing")


CLUSTER = """
    kind: Deployment
    metadata: {{name: {name}-deployment}}
    spec:
      template:
        metadata: {{labels: {{app: {name}}}}}
        spec:
          containers:
          - name: {name}
            image: registry.org/{image}:1
            env: [{{name: MODEL_URL, value: "http://fare-svc"}}]
    ---
    kind: Service
    metadata: {{name: {name}-svc}}
    spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8000}}]}}
    """


def test_a_service_of_kubernetes_is_the_host_of_what_it_selects(tmp_path: Path) -> None:
    files = {path: text for path, text in FILES.items() if path != "compose.yaml"}
    files |= {
        "k8s/a.yaml": CLUSTER.format(name="fare", image="inner"),
        "k8s/b.yaml": CLUSTER.format(name="gate", image="outer"),
        "client.py": "import requests\nprint(requests.post('http://gate-svc/predict', json={}).json())\n",
    }
    found = edges(linked(tmp_path, files))
    assert {(INNER, "consumer:outer/main.py"), (INNER, OUTER), (OUTER, "consumer:client.py")} <= found
    assert not {(OUTER, "consumer:outer/main.py"), (OUTER, INNER), (INNER, "consumer:client.py")} & found
