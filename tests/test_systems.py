"""Pipelines, containers, CI and other languages, on small repositories written inline."""

from __future__ import annotations

import posixpath

import pytest

from mllint.facts.file import FileFacts
from mllint.facts.python import (
    Alias,
    Attribute,
    Call,
    Define,
    Evaluate,
    Function,
    If,
    Import,
    Literal,
    Module,
    Name,
    Stmt,
    encode_body,
)  # fmt: skip
from mllint.lineage.declarations import Declarations
from mllint.lineage.graph import Edge
from mllint.linker import systems
from mllint.linker.project import Project
from mllint.readers import commands, config, foreign
from mllint.settings import Settings

SUFFIXES = {
    ".py": "python", ".ipynb": "notebook", ".yaml": "yaml", ".yml": "yaml", ".dvc": "yaml", ".json": "json",
    ".toml": "toml", ".cfg": "ini", ".ini": "ini", ".sh": "shell", ".R": "r", ".js": "javascript", ".html": "html",
    ".scala": "scala", ".jl": "julia", ".cpp": "cpp", ".java": "java", ".sql": "sql", ".csv": "csv",
}  # fmt: skip
NAMES = {"Makefile": "make", "Dockerfile": "docker", "MLproject": "yaml", "Procfile": "yaml"}


def facts(path: str, text: str) -> FileFacts:
    name = posixpath.basename(path)
    kind = NAMES.get(name) or SUFFIXES[posixpath.splitext(name)[1]]
    if kind in ("yaml", "json", "toml", "ini"):
        return config.read(path, kind, text.encode())
    if kind in ("shell", "make", "docker"):
        return commands.read(path, kind, text.encode())
    if kind in ("r", "scala", "java", "julia", "javascript", "html", "cpp"):
        return foreign.read(path, kind, text.encode())
    return FileFacts(path, kind)


def project(files: dict[str, str]) -> Project:
    result = Project([facts(path, text) for path, text in files.items()], Settings(), Declarations())
    assert [problem for each in result.files.values() for problem in each.problems] == []
    result.runs = systems.runs(result)
    return result


def started(files: dict[str, str]) -> list[str]:
    """`folder: path arguments` of each run."""
    return [" ".join([f"{run.folder}:", run.path, *run.arguments]) for run in project(files).runs]


def edges(built: Project) -> list[str]:
    systems.link(built)
    return [f"{edge.source} -> {edge.target}" for edge in built.graph.edges()]


@pytest.mark.parametrize(
    "command",
    [
        "python src/a.py x", "python3 -u -W ignore src/a.py x", "uv run --with p python src/a.py x",
        "uv run src/a.py x", "poetry run python src/a.py x", "A=1 nohup python src/a.py x &",
        "sudo -E python src/a.py x",
        "timeout 60 python src/a.py x", "conda run -n e python src/a.py x", "coverage run --source s src/a.py x",
        "accelerate launch --num_processes 2 src/a.py x", "torchrun --nproc_per_node 2 src/a.py x",
        "spark-submit --master local src/a.py x", "spark-submit --verbose --py-files src/b.py --conf=k=v src/a.py x",
        "gcloud dataproc jobs submit pyspark src/a.py --cluster c -- x", "streamlit run src/a.py x", "./src/a.py x",
        "bash -c 'cd src && python a.py x'", "(cd src; python a.py x)", "python -m src.a x",
        "env B=2 python src/a.py x",
        "python -m coverage run src/a.py x", "xargs -n 1 python src/a.py x",
    ],
)  # fmt: skip
def test_ways_to_start_a_file(command: str) -> None:
    (run,) = project({"src/a.py": "", "go.sh": command}).runs
    assert (run.path, run.arguments, run.job) == ("src/a.py", ("x",), "go.sh")


@pytest.mark.parametrize(
    ("command", "path", "entry"),
    [
        ("uvicorn app.main:api --port 80", "app/main.py", "api"),
        ("gunicorn -w 2 'app.main:make()' ", "app/main.py", "make"),
        ("FLASK_APP=app/main.py flask run", "app/main.py", "app"),
        ("flask --app app.main run", "app/main.py", "app"),
        ("fastapi run app/main.py", "app/main.py", ""),
        ("bentoml serve app.main:svc", "app/main.py", "svc"),
        ("papermill app/n.ipynb out.ipynb -p k v", "app/n.ipynb", "papermill"),
        ("jupyter nbconvert --to html --execute app/n.ipynb", "app/n.ipynb", ""),
        ("python -m pytest tests/test_x.py", "tests/test_x.py", "pytest"),
        ("pytest -q", "tests/test_x.py", "pytest"),
    ],
)
def test_servers_notebooks_and_tests(command: str, path: str, entry: str) -> None:
    (run,) = project({"app/main.py": "", "app/n.ipynb": "", "tests/test_x.py": "", "go.sh": command}).runs
    assert (run.path, run.entry) == (path, entry)


def test_what_is_not_there_is_not_started() -> None:
    assert started({"go.sh": "python gone.py; python -c 'x'; python -; pip install a.py; echo a.py", "a.py": ""}) == []


def test_an_unknown_part_may_be_any_file_of_its_folder() -> None:
    files = {"jobs/a.py": "", "jobs/b.py": "", "jobs/sub/c.py": "", "go.sh": "python jobs/$JOB.py\npython $ANY"}
    assert started(files) == [": jobs/a.py", ": jobs/b.py"]


def test_other_languages_are_started_too() -> None:
    built = project({"a.R": "", "b.jl": "", "q.sql": "", "go.sh": "Rscript a.R x\njulia --project b.jl\npsql -f q.sql"})
    assert [(run.path, run.language, run.arguments) for run in built.runs] == [
        ("a.R", "r", ("x",)), ("b.jl", "julia", ()), ("q.sql", "sql", ()),
    ]  # fmt: skip


def test_scripts_get_the_arguments_they_are_called_with() -> None:
    files = {
        "train.py": "",
        "scripts/train.sh": 'cd "$(dirname "$0")/.."\npython train.py --data $1 "${2:-m.pkl}"\n',
        "Makefile": "data ?= d.csv\ntrain:\n\tbash scripts/train.sh $(data)\n",
    }
    (run,) = project(files).runs
    assert (run.path, run.arguments[:2], run.folder) == ("train.py", ("--data", "d.csv"), "")
    assert (run.span.path, run.span.line) == ("scripts/train.sh", 2)


def test_a_makefile_runs_where_it_stands() -> None:
    files = {"sub/x.py": "", "sub/Makefile": "t: in.csv\n\tpython x.py $< $@\n"}
    assert started(files) == ["sub: sub/x.py in.csv t"]


DVC = """\
vars: [conf.yaml, {out: models}]
stages:
  prepare:
    cmd:
    - python src/a.py data/raw.csv ${split.test}
    - python src/b.py
    deps: [src/a.py, data/raw.csv]
    params: [split.test]
    outs: [data/clean.csv]
  train:
    foreach: [linear, forest]
    do:
      wdir: src
      cmd: python c.py ../data/clean.csv ${item} ${opts}
      deps: [../data/clean.csv]
      outs: ["../${out}/${item}.pkl": {cache: false}]
      metrics: ["../${out}/${item}.json"]
  grid:
    matrix: {m: [a, b], n: [1]}
    cmd: python src/b.py ${item.m} ${item.n}
  each:
    foreach: {x: {p: 1}, y: {p: 2}}
    do: {cmd: "python src/b.py ${key} ${item.p} ${missing}"}
artifacts:
  churn: {path: models/linear.pkl, type: model, desc: who leaves, labels: [a]}
"""
DVC_FILES = {
    "dvc.yaml": DVC,
    "params.yaml": "split: {test: 0.2}\n",
    "conf.yaml": "opts: {lr: 0.1, fast: true, slow: false, n: [1, 2]}\n",
    "src/a.py": "", "src/b.py": "", "src/c.py": "",
}  # fmt: skip


def test_dvc_stages_start_files() -> None:
    assert sorted((run.job, run.folder, run.path, *run.arguments) for run in project(DVC_FILES).runs) == [
        ("dvc.yaml:each@x", "", "src/b.py", "x", "1", "{missing}"),
        ("dvc.yaml:each@y", "", "src/b.py", "y", "2", "{missing}"),
        ("dvc.yaml:grid@a-1", "", "src/b.py", "a", "1"),
        ("dvc.yaml:grid@b-1", "", "src/b.py", "b", "1"),
        ("dvc.yaml:prepare", "", "src/a.py", "data/raw.csv", "0.2"),
        ("dvc.yaml:prepare", "", "src/b.py"),
        ("dvc.yaml:train@forest", "src", "src/c.py", "../data/clean.csv", "forest", *OPTIONS),
        ("dvc.yaml:train@linear", "src", "src/c.py", "../data/clean.csv", "linear", *OPTIONS),
    ]


OPTIONS = ("--lr", "0.1", "--fast", "--n", "1", "2")


def test_dvc_declares_what_code_does_not_show() -> None:
    built = project(DVC_FILES)
    assert edges(built) == [
        "file:data/clean.csv -> file:models/forest.json",
        "file:data/clean.csv -> file:models/forest.pkl",
        "file:data/clean.csv -> file:models/linear.json",
        "file:data/clean.csv -> file:models/linear.pkl",
        "file:data/raw.csv -> file:data/clean.csv",
    ]
    assert {edge.strength for edge in built.graph.edges()} == {"declared"}
    model = built.graph.nodes["file:models/linear.pkl"]
    assert (model.kind, model.attributes["registered"], model.attributes["tags"]) == ("artifact", "churn", ["a"])
    assert built.graph.nodes["file:data/clean.csv"].attributes["params"] == ["params.yaml:split.test"]


def test_dvc_adds_nothing_where_code_shows_the_way() -> None:
    built = project({
        "dvc.yaml": "stages:\n  a:\n    cmd: python a.py\n    deps: [x.csv, raw]\n    outs: [out, y.csv]\n", "a.py": "",
    })  # fmt: skip
    for id in ("file:x.csv", "file:raw/1.csv", "file:out/train.csv"):
        built.graph.add_node(id, "dataset")
    built.graph.add_edge(Edge("file:x.csv", "file:out/train.csv", "derives"))
    assert edges(built) == [
        "file:raw/1.csv -> file:y.csv",
        "file:x.csv -> file:out/train.csv",
        "file:x.csv -> file:y.csv",
    ]
    assert "file:out" not in built.graph.nodes


def test_dvc_stage_in_a_container_starts_what_it_depends_on() -> None:
    text = "stages:\n  a:\n    cmd: docker run -v $P:/d image python train.py --x 1\n    deps: [stages/train.py]\n"
    assert started({"dvc.yaml": text, "stages/train.py": ""}) == ["stages: stages/train.py --x 1"]


def test_dvc_imports_name_their_source() -> None:
    text = "deps:\n- path: get/data.xml\n  repo: {url: https://github.com/org/registry}\nouts:\n- path: data.xml\n"
    built = project({"data/data.xml.dvc": text, "x.csv.dvc": "deps:\n- path: s3://b/x.csv\nouts:\n- path: x.csv\n"})
    assert edges(built) == [
        "https://github.com/org/registry#get/data.xml -> file:data/data.xml",
        "s3://b/x.csv -> file:x.csv",
    ]
    assert built.graph.nodes["s3://b/x.csv"].kind == "source"
    assert built.graph.edges()[0].span.line == 2  # type: ignore[union-attr]


def test_mlproject() -> None:
    text = (
        "entry_points:\n  main:\n    parameters:\n      data: {type: path, default: in.csv}\n      l1-ratio: float\n"
        "    command: python train.py {data} --ratio {l1-ratio}\n"
    )
    assert started({"sub/MLproject": text, "sub/train.py": ""}) == ["sub: sub/train.py in.csv --ratio {l1-ratio}"]


def test_containers() -> None:
    files = {
        "docker-compose.yml": (
            "services:\n  api:\n    build: {context: ./svc}\n    environment: {PORT: 80}\n"
            "    command: python app/main.py --port $PORT\n"
            "  job:\n    image: x\n    command: [sh, -c, 'cd svc && python j.py']\n"
        ),
        "k8s/job.yaml": (
            "spec:\n  containers:\n  - name: c\n    image: x\n    command: [python]\n    args: [/app/svc/j.py, a]\n"
        ),
        "svc/Dockerfile": "WORKDIR /srv\nCOPY . .\nCMD uvicorn app.main:api\n",
        "svc/app/main.py": "",
        "svc/j.py": "",
    }  # fmt: skip
    found = [(run.job, run.folder, run.path, *run.arguments) for run in project(files).runs]
    assert sorted(found) == [
        ("docker-compose.yml:api", "svc", "svc/app/main.py", "--port", "80"),
        ("docker-compose.yml:job", "svc", "svc/j.py"),
        ("k8s/job.yaml:c", "", "svc/j.py", "a"),
        ("svc/Dockerfile", "svc", "svc/app/main.py"),
    ]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        (".github/workflows/ci.yml",
         "jobs:\n  t:\n    env: {D: d.csv}\n    steps:\n    - run: |\n        ls\n        python a.py $D\n", 7),
        (".github/workflows/ci.yml",
         "env: {D: d.csv}\njobs:\n  t:\n    steps:\n    - run: python a.py $D\n      working-directory: .\n", 5),
        (".gitlab-ci.yml", "variables: {D: d.csv}\nt:\n  script:\n  - python a.py $D\n", 4),
        (".circleci/config.yml", "jobs:\n  t:\n    steps:\n    - run: {name: x, command: python a.py d.csv}\n", 4),
        ("azure-pipelines.yml", "steps:\n- script: |\n    python a.py d.csv\n", 3),
        ("Procfile", "web: python a.py d.csv\n", 1),
        ("pyproject.toml", "[tool.poe.tasks]\nt = {cmd = 'python a.py d.csv'}\n", 2),
        ("tox.ini", "[testenv]\ncommands =\n    python a.py d.csv\n", 3),
        ("package.json", '{"scripts": {"t": "python a.py d.csv"}}', 1),
    ],
)  # fmt: skip
def test_ci_and_tasks(path: str, text: str, line: int) -> None:
    (run,) = project({path: text, "a.py": ""}).runs
    assert (run.path, run.arguments, run.span.path, run.span.line) == ("a.py", ("d.csv",), path, line)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", '[project.scripts]\ntrain = "pkg.cli:main"\n'),
        ("pyproject.toml", '[tool.poetry.scripts]\ntrain = "pkg.cli:main"\n'),
        ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n    train = pkg.cli:main\n"),
    ],
)
def test_entry_points(path: str, text: str) -> None:
    (run,) = project({path: text, "src/pkg/cli.py": ""}).runs
    assert (run.path, run.entry, run.module) == ("src/pkg/cli.py", "main", True)
    assert run.job.startswith(path)


# ------------------------------------------------------------------------------------------- other languages


def test_r_flows_through_variables() -> None:
    text = (
        'raw <- read.csv("data/raw.csv")\nother <- readRDS("data/other.rds")\n'
        'clean <- raw %>% filter(x > 1)\nwrite.csv(clean, "data/clean.csv", row.names = FALSE)\n'
    )
    built = project({"etl.R": text})
    assert edges(built) == ["file:data/raw.csv -> file:data/clean.csv"]
    (edge,) = built.graph.edges()
    assert (edge.language, edge.job, edge.span.line, edge.read.line) == ("r", "etl.R", 4, 1)  # type: ignore[union-attr]


def test_a_script_that_only_reads_is_a_consumer() -> None:
    built = project({"report.R": 'd <- dbGetQuery(con, "SELECT a FROM marts.sales s JOIN x ON 1 = 1")\nplot(d)\n'})
    assert edges(built) == ["table:marts.sales -> consumer:report.R", "table:x -> consumer:report.R"]


def test_a_script_that_makes_pictures_is_a_consumer() -> None:
    built = project({"report.R": 'd <- read_csv("a.csv")\nggsave("a.pdf", ggplot(d, aes(x)))\n'})
    assert edges(built) == ["consumer:report.R -> file:a.pdf", "file:a.csv -> consumer:report.R"]


def test_dvc_adds_nothing_where_another_language_shows_the_way() -> None:
    stage = "stages:\n  a:\n    cmd: Rscript a.R\n    deps: [a.R, x.csv, z.csv]\n    outs: [y.csv]\n"
    built = project({"dvc.yaml": stage, "a.R": 'd <- read.csv("x.csv")\nwrite.csv(d, "y.csv")'})
    assert edges(built) == ["file:x.csv -> file:y.csv"]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.scala", 'val d = spark.read.parquet("s3://b/x")\nd.filter("a").write.mode("o").saveAsTable("db.t")',
         ["s3://b/x -> table:db.t"]),
        ("a.scala", 'val d = spark.sql("SELECT * FROM raw.t")\nval e = d.drop("a")\ne.write.parquet("out/e")',
         ["table:raw.t -> file:out/e"]),
        ("A.java", 'class A { void f() { Dataset<Row> d = spark.read().csv("a.csv"); d.write().parquet("b"); } }',
         ["file:a.csv -> file:b"]),
        ("a.jl", 'd = CSV.read("a.csv", DataFrame)\nCSV.write("b.csv", d)', ["file:a.csv -> file:b.csv"]),
        ("a.cpp", 'int main() { auto m = torch::jit::load("m.pt"); }', ["file:m.pt -> consumer:a.cpp"]),
        ("a.js", "const m = await tf.loadLayersModel('file://m/model.json')", ["file:m/model.json -> consumer:a.js"]),
        ("a.R", 'write.csv(read.csv("a.csv"), "b.csv")', ["file:a.csv -> file:b.csv"]),
        ("a.R", 'x <- filter(d, "no")\nlibrary("dplyr")\nload_all("pkg")', []),
    ],
)  # fmt: skip
def test_reads_and_writes_of_other_languages(path: str, text: str, expected: list[str]) -> None:
    assert edges(project({path: text})) == expected


def test_a_path_is_where_the_script_runs() -> None:
    files = {"r/a.R": 'write.csv(read.csv("in.csv"), "out.csv")', "go.sh": "cd r && Rscript a.R"}
    assert edges(project(files)) == ["file:r/in.csv -> file:r/out.csv"]


@pytest.mark.parametrize(
    ("path", "text", "endpoint"),
    [
        ("a.js", "fetch('/predict', {method: 'POST'})", "POST /predict"),
        ("a.js", "fetch(`${BASE}/predict`, {method: 'POST'})", "POST /predict"),
        ("a.js", "axios.post('http://localhost:8000/predict', body)", "POST /predict"),
        ("a.js", "$.ajax(prefix + '/score?' + q, {})", "GET /score"),
        ("a.js", "var q = '?' + d.join('&');\n$.ajax(prefix + '/score' + q)", "GET /score"),
        ("a.js", "$.ajax({url: '/score', type: 'GET'})", "GET /score"),
        ("a.js", "fetch('/items/' + id)", "GET /items/{item}"),
        ("a.html", '<form action="/predict" method="post">', "POST /predict"),
        ("a.html", "<script>fetch('/score')</script>", "GET /score"),
        ("a.R", 'r <- httr::POST("http://localhost:8000/predict")', "POST /predict"),
    ],
)
def test_who_calls_an_endpoint(path: str, text: str, endpoint: str) -> None:
    built = project({path: text})
    for each in ("POST /predict", "GET /score", "GET /items/{item}", "GET /"):
        built.graph.add_node(f"endpoint:{each}", "endpoint")
    assert edges(built) == [f"endpoint:{endpoint} -> consumer:{path}"]


@pytest.mark.parametrize(
    "text",
    ["fetch('/predict')", "fetch('https://api.example.com/predict', {method: 'POST'})", "fetch('/predictions')",
     "fetch(url)", "map.get('predict')", "open('/predict/x')"],
)  # fmt: skip
def test_other_calls_are_no_consumers(text: str) -> None:
    built = project({"a.js": text})
    built.graph.add_node("endpoint:POST /predict", "endpoint")
    assert edges(built) == []


# --------------------------------------------------------------------------------------------------- Python


def module(*body: Stmt) -> Module:
    return Module(body, (), ())


def function(name: str, *body: Stmt, decorators: tuple[Call, ...] = ()) -> Define:
    return Define(0, Function(0, name, (), decorators, None, encode_body(body), False, False))


def call(name: str) -> Evaluate:
    return Evaluate(0, Call(0, Name(0, name), (), ()))


def test_a_form_names_its_route_by_function() -> None:
    decorator = Call(0, Attribute(0, Name(0, "app"), "route"), (Literal(0, "/predictdata"),), ())
    python = FileFacts("app.py", "python", python=module(function("predict_it", decorators=(decorator,))))
    page = facts("home.html", "<form action=\"{{ url_for('predict_it') }}\" method='post'>")
    built = Project([python, page], Settings(), Declarations())
    built.graph.add_node("endpoint:POST /predictdata", "endpoint")
    assert edges(built) == ["endpoint:POST /predictdata -> consumer:home.html"]


def test_inventory_of_scripts() -> None:
    argv = Evaluate(0, Attribute(0, Name(0, "sys"), "argv"))
    modules = {
        "lib.py": module(Import(0, (Alias("os", None),)), function("f")),
        "main.py": module(function("main", argv), If(0, Name(0, "x"), (call("main"),), ())),
        "cli.py": module(Import(0, (Alias("argparse", None),)), call("run")),
        "doc.py": module(Evaluate(0, Literal(0, "words"))),
    }
    files = [FileFacts(path, "python", 10, python=body) for path, body in modules.items()]
    built = Project([*files, facts("go.sh", "python main.py\npython main.py x\n")], Settings(), Declarations())
    built.runs = systems.runs(built)
    systems.observe(built, {"lib.py": ("main.py", "cli.py")})
    scripts = {script.path: script for script in built.observations.scripts}
    assert {path: (s.is_entry, s.takes_arguments) for path, s in scripts.items()} == {
        "lib.py": (False, False), "main.py": (True, True), "cli.py": (True, True), "doc.py": (False, False),
    }  # fmt: skip
    assert [span.line for span in scripts["main.py"].runners] == [1, 2]
    assert scripts["lib.py"].importers == ("cli.py", "main.py")
    assert [span.path for span in built.observations.runners] == ["go.sh", "go.sh"]


def test_order_of_files_does_not_matter() -> None:
    forward, backward = dict(DVC_FILES), dict(reversed(DVC_FILES.items()))
    first, second = project(forward), project(backward)
    assert first.runs == second.runs
    assert edges(first) == edges(second)


def test_circles_end() -> None:
    circular = "".join("bash a.sh $1$1 x\nbash b.sh $1\n" for _ in range(200)) + "python p.py $1\n"
    params = "a: ${b}${b}${b}\nb: ${a}${a}${a}\n"
    stages = "stages:\n  s:\n    matrix: {" + ", ".join(f"k{n}: [1, 2, 3, 4]" for n in range(20)) + "}\n"
    stages += "    cmd: python p.py ${a} ${item.k1}\n"
    built = project({"a.sh": circular, "b.sh": circular, "p.py": "", "params.yaml": params, "dvc.yaml": stages})
    assert {run.path for run in built.runs} == {"p.py"}
