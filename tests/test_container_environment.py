"""What containers, workflows and shell scripts set in the environment reaches the code that they start."""

from __future__ import annotations

from pathlib import Path

import pytest
from linking import linked
from replayed import Case, is_right

READ = "import os\nimport pandas as pd\n"
COPY = READ + "pd.read_csv(os.environ['SOURCE']).to_csv(os.getenv('TARGET', 'default.csv'))\n"


def edges(tmp_path: Path, files: dict[str, str]) -> set[tuple[str, str]]:
    found = linked(tmp_path, files).graph.edges()
    return {(edge.source.removeprefix("file:"), edge.target.removeprefix("file:")) for edge in found}


STARTS = {
    "a shell script": ("run.sh", "export SOURCE=a.csv\nTARGET=b.csv python copy_it.py\n"),
    "compose": (
        "compose.yaml",
        "services:\n  s:\n    image: x\n    command: python copy_it.py\n"
        "    environment: {SOURCE: '${SOURCE:-a.csv}', TARGET: b.csv}\n",
    ),
    "a workflow of GitHub": (
        ".github/workflows/w.yml",
        "env: {SOURCE: a.csv}\njobs:\n  j:\n    steps:\n    - run: python copy_it.py\n      env: {TARGET: b.csv}\n",
    ),
    "a job of Kubernetes": (
        "k8s/job.yaml",
        "kind: Job\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n        image: x\n"
        "        command: [python, copy_it.py]\n        env:\n        - {name: NAME, value: a}\n"
        "        - {name: SOURCE, value: $(NAME).csv}\n        - {name: TARGET, value: b.csv}\n",
    ),
}


@pytest.mark.parametrize("start", STARTS)
def test_the_environment_of_a_start(tmp_path: Path, start: str) -> None:
    path, text = STARTS[start]
    found = edges(tmp_path, {path: text, "copy_it.py": COPY})
    # started by hand, the default holds; the variable without one must be set in any case
    assert found == {("a.csv", "b.csv"), ("a.csv", "default.csv")}


def test_a_script_that_a_container_starts_hands_it_on(tmp_path: Path) -> None:
    text = (
        "services:\n  s:\n    image: x\n    command: [bash, ./go.sh]\n    environment: {SOURCE: a.csv, TARGET: b.csv}\n"
    )
    files = {"compose.yaml": text, "go.sh": "set -e\nTARGET=c.csv python copy_it.py\n", "copy_it.py": COPY}
    assert edges(tmp_path, files) == {("a.csv", "c.csv")}


def test_a_start_without_the_variables_is_the_one_by_hand(tmp_path: Path) -> None:
    code = READ + "pd.read_csv(os.getenv('SOURCE', 'x.csv')).to_csv(os.getenv('TARGET', 'y.csv'))\n"
    text = "all:\n\tpython copy_it.py\nother:\n\tSOURCE=a.csv TARGET=b.csv UNREAD=1 python copy_it.py\n"
    assert edges(tmp_path, {"Makefile": text, "copy_it.py": code}) == {("a.csv", "b.csv"), ("x.csv", "y.csv")}


def test_modules_are_loaded_in_the_environment_of_who_imports_them(tmp_path: Path) -> None:
    """Two services share `settings.py`, and a script that nobody starts."""
    settings = "import os\nDATA = os.getenv('DATA', 'local')\n"
    code = "import pandas as pd\nfrom settings import DATA\npd.read_csv(f'{DATA}/a.csv').to_csv(f'{DATA}/NAME.csv')\n"
    files = {"settings.py": settings, **{f"{name}.py": code.replace("NAME", name) for name in ("one", "two", "other")}}
    files["compose.yaml"] = (
        "services:\n  one:\n    image: x\n    command: python one.py\n    environment: [DATA=/first]\n"
        "  two:\n    image: x\n    command: python two.py\n    environment: [DATA=/second]\n"
    )
    assert edges(tmp_path, files) == {
        ("/first/a.csv", "/first/one.csv"), ("/second/a.csv", "/second/two.csv"), ("local/a.csv", "local/one.csv"),
        ("local/a.csv", "local/two.csv"), ("local/a.csv", "local/other.csv"),
    }  # fmt: skip


def test_what_one_service_writes_another_one_reads(tmp_path: Path) -> None:
    prepare = (
        READ
        + "frame = pd.read_csv('raw.csv')\nframe['km'] = frame['m'] / 1000\nframe[['km']].to_csv(os.environ['OUT'])\n"
    )
    train = READ + "pd.read_csv(os.environ['IN'])[['km']].to_csv('last.csv')\n"
    compose = (
        "services:\n  a:\n    image: x\n    command: python prepare.py\n    environment: {OUT: /d/f.csv}\n"
        "  b:\n    image: x\n    command: python train.py\n    environment: {IN: /d/f.csv}\n"
    )
    graph = linked(tmp_path, {"prepare.py": prepare, "train.py": train, "compose.yaml": compose}).graph
    found = {(edge.source, edge.target) for edge in graph.edges()}
    assert ("column:file:raw.csv#m", "column:file:/d/f.csv#km") in found
    assert ("column:file:/d/f.csv#km", "column:file:last.csv#km") in found


@pytest.mark.parametrize("value", ["'${SOURCE}'", "'{{ .Values.source }}'", "''", "'{\"a\": 1}'"])
def test_a_value_that_nobody_knows_is_none(tmp_path: Path, value: str) -> None:
    text = f"services:\n  s:\n    image: x\n    command: python c.py\n    environment: {{SOURCE: {value}}}\n"
    code = READ + "pd.read_csv(os.getenv('SOURCE', 'x.csv')).to_csv('y.csv')\n"
    assert edges(tmp_path, {"compose.yaml": text, "c.py": code}) == {("x.csv", "y.csv")}


def test_secrets_of_an_environment_are_not_taken(tmp_path: Path) -> None:
    text = (
        "kind: Job\nspec:\n  containers:\n  - image: x\n    command: [python, c.py]\n"
        "    env: [{name: API_KEY, value: hush}, {name: NAME, value: n}]\n"
    )
    code = READ + "pd.read_csv(os.getenv('API_KEY', 'x') + os.environ['NAME']).to_csv('y.csv')\n"
    lineage = linked(tmp_path, {"job.yaml": text, "c.py": code})
    assert [(edge.source, edge.target) for edge in lineage.graph.edges()] == [("file:xn", "file:y.csv")]


def test_a_part_that_only_the_run_knows_stays(tmp_path: Path) -> None:
    text = "SOURCE=/data/$DAY/a.csv python c.py\n"
    code = READ + "pd.read_csv(os.environ['SOURCE']).to_csv('y.csv')\n"
    assert edges(tmp_path, {"run.sh": text, "c.py": code}) == {("/data/{DAY}/a.csv", "y.csv")}


def test_settings_and_configuration_take_it_too(tmp_path: Path) -> None:
    code = (
        "import pandas as pd\nfrom omegaconf import OmegaConf\nfrom pydantic_settings import BaseSettings\n"
        "class Own(BaseSettings):\n    in_path: str = 'x.csv'\n"
        "cfg = OmegaConf.load('conf.yaml')\npd.read_csv(Own().in_path).to_csv(cfg.out)\n"
    )
    files = {
        "c.py": code,
        "conf.yaml": "out: ${oc.env:OUT_PATH,y.csv}\n",
        "compose.yaml": "services:\n  s:\n    image: x\n    command: python c.py\n"
        "    environment: {IN_PATH: a.csv, OUT_PATH: b.csv}\n",
    }
    found = {each for each in edges(tmp_path, files) if not each[0].startswith("conf")}
    assert found == {("a.csv", "b.csv"), ("x.csv", "y.csv")}


_SERVICE = (
    "services:\n  a:\n    image: x\n    command: python a.py\n    environment: {DATA: /one}\n"
    "  b:\n    image: x\n    command: python b.py\n    environment: {DATA: /two}\n"
)
_SHARED = "import os\nDATA = os.getenv('DATA', 'local') + '/in'\n"
_READER = "import pandas as pd\nfrom shared import DATA\npd.read_csv(f'{DATA}/a.csv').to_csv(f'{DATA}/NAME.csv')\n"


@pytest.mark.parametrize(
    "edit",
    [
        {"compose.yaml": _SERVICE.replace("/one", "/three")},
        {"shared.py": _SHARED.replace("/in", "/inner")},
        {"b.py": "print()\n"},
        {"a.py": "print(1)\n"},
        {"compose.yaml": "services: {}\n"},
    ],
    ids=["a value", "a shared module", "another script", "the first to import", "no service"],
)
def test_after_edits_the_environments_are_those_of_a_cold_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: dict[str, str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    files = {name: _READER.replace("NAME", name[0]) for name in ("a.py", "b.py", "c.py")}
    assert is_right(tmp_path / "r", Case({**files, "shared.py": _SHARED, "compose.yaml": _SERVICE}, edit))


# ------------------------------------------------------------------------------------ files beside the container


def test_files_and_maps_of_the_repository(tmp_path: Path) -> None:
    code = READ + "pd.read_csv(os.environ['SOURCE']).to_csv(os.environ['TARGET'])\n"
    pod = (
        "kind: CronJob\nspec:\n  containers:\n  - image: x\n    command: [python, b.py]\n"
        "    envFrom: [{configMapRef: {name: data}}, {secretRef: {name: keys}}]\n"
        "    env:\n    - {name: TARGET, valueFrom: {configMapKeyRef: {name: other, key: out}}}\n"
    )
    maps = (
        "kind: ConfigMap\nmetadata: {name: data}\ndata: {SOURCE: b.csv, TARGET: no.csv}\n---\n"
        "kind: ConfigMap\nmetadata: {name: other}\ndata: {out: bb.csv}\n"
    )
    files = {
        "a.py": code, "b.py": code, "deploy/pod.yaml": pod, "deploy/maps.yaml": maps,
        "far/away/maps.yaml": maps.replace("b.csv", "far.csv"),
        "compose.yaml": "services:\n  s:\n    image: x\n    command: python a.py\n    env_file: [vars.env]\n",
        "vars.env": "SOURCE=a.csv\nTARGET=aa.csv\n",
    }  # fmt: skip
    assert {("a.csv", "aa.csv"), ("b.csv", "bb.csv")} <= edges(tmp_path, files)
    assert not {each for each in edges(tmp_path, files) if "far.csv" in each or "no.csv" in each}


@pytest.mark.parametrize(
    "build",
    [
        {"build.sh": "docker build -t me/trainer:1 -f images/t.Dockerfile .\n", "images/t.Dockerfile": ""},
        {"trainer/Dockerfile": ""},
        {"images/Dockerfile.trainer": ""},
        {"compose.yaml": "services:\n  t:\n    image: me/trainer\n    build: {context: ., dockerfile: t/Dockerfile}\n",
         "t/Dockerfile": ""},
    ],
    ids=["a command", "a folder", "a name", "compose"],
)  # fmt: skip
def test_the_image_gives_folder_and_command(tmp_path: Path, build: dict[str, str]) -> None:
    """A deployment without a command starts what its image starts, with its own environment."""
    text = "FROM x\nENV TARGET=b.csv\nWORKDIR /app\nCOPY . .\nCMD python copy_it.py\n"
    files = {path: content or text for path, content in build.items()}
    base = "trainer" if "trainer/Dockerfile" in build else ""
    files[f"{base}/copy_it.py".lstrip("/")] = COPY
    files["pod.yaml"] = (
        "kind: Deployment\nspec:\n  containers:\n  - image: registry:5000/me/trainer:2\n"
        "    env: [{name: SOURCE, value: a.csv}]\n"
    )
    wanted = f"{base}/a.csv".lstrip("/"), f"{base}/b.csv".lstrip("/")
    assert wanted in edges(tmp_path / "one", files)
    files["pod.yaml"] = files["pod.yaml"].replace("me/trainer", "me/another")
    assert wanted not in edges(tmp_path / "other", files)


def test_folders_of_the_container_are_those_of_the_repository(tmp_path: Path) -> None:
    """By a mount, or because the image holds the repository; other folders are the container's own."""
    text = (
        "services:\n  a:\n    image: x\n    command: python copy_it.py\n    volumes: ['./d/raw:/in:ro', 'named:/out']\n"
        "    environment: {SOURCE: /in/a.csv, TARGET: /out/b.csv}\n"
        "  b:\n    build: .\n    command: python copy_it.py\n"
        "    environment: {SOURCE: /app/d/c.csv, TARGET: /elsewhere/d.csv}\n"
    )
    files = {
        "compose.yaml": text,
        "copy_it.py": COPY,
        "d/raw/z.txt": "",
        "Dockerfile": "FROM x\nWORKDIR /app\nCOPY . .\nRUN ls\n",
    }
    found = edges(tmp_path, files)
    assert {("d/raw/a.csv", "/out/b.csv"), ("d/c.csv", "/elsewhere/d.csv")} <= found


def test_what_is_mounted_below_the_folder_an_image_starts_in(tmp_path: Path) -> None:
    """The image alone, without what the service mounts, adds nothing, unless another service relies on it."""
    files = {
        "compose.yaml": (
            "services:\n  a:\n    build: ./worker\n    volumes: ['./models:/app/models']\n"
            "    environment: [TARGET=/app/models/v1/b.csv]\n"
        ),
        "worker/Dockerfile": "FROM x\nWORKDIR /app\nENV TARGET=b.csv\nCOPY copy_it.py .\nCMD python copy_it.py\n",
        "worker/copy_it.py": (
            READ + "pd.read_csv('/app/models/v1/a.csv').to_csv(os.environ['TARGET'])\n"
            "pd.read_csv('/app/out/c.csv').to_csv('d.csv')\n"
        ),
    }
    of_service = {("models/v1/a.csv", "models/v1/b.csv"), ("/app/out/c.csv", "worker/d.csv")}
    assert edges(tmp_path / "one", files) == of_service
    files["compose.yaml"] += "  b:\n    build: ./worker\n"
    assert edges(tmp_path / "two", files) == of_service | {("/app/models/v1/a.csv", "worker/b.csv")}


# ------------------------------------------------------------------------------------------------- workflows

WORKFLOW = """apiVersion: argoproj.io/v1alpha1
kind: KIND
metadata: {name: flow}
spec:
  entrypoint: all
  arguments: {parameters: [{name: base, value: /data}, {name: nobody}]}
  templates:
  - name: all
    dag:
      tasks:
      - name: first
        template: copy
        arguments: {parameters: [{name: out, value: "{{workflow.parameters.base}}/b.csv"}]}
      - name: more
        template: inner
        dependencies: [first]
  - name: inner
    steps:
    - - {name: each, template: copy, arguments: {parameters: [{name: out, value: "{{item.to}}.csv"}]},
         withItems: [{to: c}, {to: d}]}
  - name: copy
    inputs: {parameters: [{name: out}, {name: from, value: "{{workflow.parameters.base}}/a.csv"}]}
    container:
      image: x
      command: [python, copy_it.py]
      env:
      - {name: SOURCE, value: "{{inputs.parameters.from}}"}
      - {name: TARGET, value: "{{ inputs.parameters.out }}"}
"""


def flow(kind: str, spec: str = "") -> str:
    text = WORKFLOW.replace("KIND", kind)
    return text.replace("spec:\n", f"spec:\n{spec}", 1)


def test_parameters_of_a_workflow(tmp_path: Path) -> None:
    wanted = {("/data/a.csv", f"{name}.csv") for name in ("/data/b", "c", "d", "default")}
    assert edges(tmp_path, {"flow.yaml": flow("WorkflowTemplate"), "copy_it.py": COPY}) == wanted


def test_a_timetable_holds_the_workflow(tmp_path: Path) -> None:
    head, _, body = flow("CronWorkflow").partition("spec:\n")
    text = (
        head + "spec:\n  schedule: '@daily'\n  workflowSpec:\n" + "".join(f"  {line}\n" for line in body.splitlines())
    )
    assert ("/data/a.csv", "/data/b.csv") in edges(tmp_path, {"flow.yaml": text, "copy_it.py": COPY})


def test_who_runs_a_template_gives_it_other_arguments(tmp_path: Path) -> None:
    own = "apiVersion: argoproj.io/v1alpha1\nkind: KIND\nspec:\n"
    refers = "  workflowTemplateRef: {name: flow}\n  arguments: {parameters: [{name: base, value: /other}]}\n"
    task = (
        "  templates:\n  - name: t\n    dag:\n      tasks:\n      - {name: x,"
        " templateRef: {name: flow, template: copy},"
        " arguments: {parameters: [{name: out, value: e.csv}, {name: from, value: f.csv}]}}\n"
    )
    files = {"a/flow.yaml": flow("ClusterWorkflowTemplate"), "copy_it.py": COPY}
    run, call = (own.replace("KIND", "Workflow") + spec for spec in (refers, task))
    found = edges(tmp_path / "one", {**files, "b/run.yaml": run}) | edges(
        tmp_path / "two", {**files, "b/run.yaml": call}
    )
    assert {("/other/a.csv", "/other/b.csv"), ("/data/a.csv", "/data/b.csv"), ("f.csv", "e.csv")} <= found


def test_a_script_template_and_what_a_run_has_of_its_own(tmp_path: Path) -> None:
    text = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
spec:
  templates:
  - name: s
    script:
      image: x
      command: [bash]
      workingDir: /app/jobs
      env:
      - {name: SOURCE, value: "in/{{workflow.name}}.csv"}
      - {name: TARGET, value: "out/{{tasks.a.outputs.result}}.csv"}
      source: |
        set -e
        python copy_it.py
"""
    found = linked(tmp_path, {"flow.yaml": text, "jobs/copy_it.py": COPY})
    assert ("file:jobs/in/{run-id}.csv", "file:jobs/out/{tasks.a.outputs.result}.csv") in {
        (edge.source, edge.target) for edge in found.graph.edges()
    }


def test_templates_that_run_each_other_in_a_circle_end(tmp_path: Path) -> None:
    """Each of seven runs all of them three times, with a parameter that is new each time."""
    task = "      - {name: nI, template: tI, arguments: {parameters: [{name: p, value: '{{inputs.parameters.p}}I'}]}}\n"
    tasks = "".join(task.replace("I", str(i % 7)) for i in range(21))
    head = "  - name: tI\n    inputs: {parameters: [{name: p, value: x}]}\n    dag:\n      tasks:\n"
    templates = "".join(head.replace("I", str(i)) + tasks for i in range(7))
    text = f"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  entrypoint: t0\n  templates:\n{templates}"
    last = (
        "  - name: c\n    container: {image: x, command: [python, copy_it.py], env: [{name: SOURCE, value: a.csv}]}\n"
    )
    assert ("a.csv", "default.csv") in edges(tmp_path, {"flow.yaml": text + last, "copy_it.py": COPY})


def test_arguments_go_to_what_the_image_starts(tmp_path: Path) -> None:
    """The paths of a template's files are values too."""
    text = """apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
spec:
  templates:
  - name: t
    inputs: {artifacts: [{name: data, path: /tmp/a.csv}]}
    outputs: {artifacts: [{name: made, path: /tmp/b.csv}]}
    container:
      image: me/trainer
      args: ["{{inputs.artifacts.data.path}}", "{{outputs.artifacts.made.path}}"]
"""
    code = "import sys\nimport pandas as pd\npd.read_csv(sys.argv[1]).to_csv(sys.argv[2])\n"
    image = 'FROM x\nADD code /code\nENTRYPOINT ["python", "/code/cli.py"]\n'
    files = {"flow.yaml": text, "code/cli.py": code, "Dockerfile.trainer": image}
    assert ("/tmp/a.csv", "/tmp/b.csv") in edges(tmp_path, files)


def test_a_container_that_mounts_code_starts_beside_it(tmp_path: Path) -> None:
    """Two services have a package `src` each; the image is made elsewhere."""
    main = "import sys\nimport pandas as pd\npd.read_csv(sys.argv[1]).to_csv('{name}.csv')\n"
    service = '    image: {name}:1\n    command: sh -c "sleep 10s && python -m src.main /opt/data/in.csv"\n'
    volumes = "    volumes:\n      - ./data:/opt/data\n      - ./{name}/src:/opt/src\n"
    names = ("first", "second")
    compose = "services:\n" + "".join(f"  {name}:\n{(service + volumes).format(name=name)}" for name in names)
    files = {f"{name}/src/main.py": main.format(name=name) for name in names}
    graph = linked(tmp_path, {"docker-compose.yml": compose, "data/in.csv": "a\n", **files}).graph
    found = {(edge.source, edge.target) for edge in graph.edges() if not edge.source.startswith("column:")}
    assert {source for source, _ in found} == {"file:data/in.csv"}
    assert len(found) == 2
