"""Commands: what shell text, Makefiles and Dockerfiles start, with which words, in which folder."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllint.facts.commands import Command
from mllint.readers.commands import read, split_commands


def words(text: str) -> list[str]:
    return [" ".join(command.words) for command in split_commands(text)]


def commands(kind: str, text: str) -> tuple[Command, ...]:
    facts = read("x", kind, text.encode())
    assert facts.problems == ()
    return facts.commands


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "python a.py x && python b.py; python c.py | tee log",
            ["python a.py x", "python b.py", "python c.py", "tee log"],
        ),
        ("python a.py \\\n  --x 1 # why", ["python a.py --x 1"]),
        ("D=data\npython a.py $D/x.csv ${D}/y '$D'", ["python a.py data/x.csv data/y $D"]),
        ("python a.py ${D:-data} ${1:-m} $2 $UNSET", ["python a.py data m {2} {UNSET}"]),
        ("python a.py $(date +%F) `hostname`", ["date +%F", "hostname", "python a.py {output} {output}"]),
        ("r=$(python a.py x)", ["python a.py x"]),
        ("python a.py > out.txt 2>&1 < in.txt", ["python a.py"]),
        ("cat <<EOF > x\npython no.py\nEOF\npython yes.py", ["cat", "python yes.py"]),
        ("cat <<-'EOF'\n\tpython no.py\n\tEOF\npython yes.py", ["cat", "python yes.py"]),
        ("for s in train test; do python a.py $s.csv; done", ["python a.py train.csv", "python a.py test.csv"]),
        ("for s in $LIST; do python a.py $s; done", ["python a.py {LIST}"]),
        ("for i in 1 2; do for j in a b; do r $i$j; done; done", ["r 1a", "r 1b", "r 2a", "r 2b"]),
        ("if python a.py; then python b.py; else python c.py; fi", ["python a.py", "python b.py", "python c.py"]),
        ("M=a\nif [ x ]; then M=b; fi\nrun $M", ["[ x ]", "run {M}"]),
        ("if [ x ]; then M=b; else M=c; fi\nrun $M", ["[ x ]", "run {M}"]),
        ('if [ -z "$M" ]; then M=b; fi\nrun $M', ["[ -z {M} ]", "run b"]),
        ("case $1 in\n a) python a.py;;\n *) python b.py;;\nesac", ["python a.py", "python b.py"]),
        ("bash -lc 'cd x && python a.py \"p q\"'", ["python a.py p q"]),
        ('A="--x 1"\nrun $A "$A"', ["run --x 1 --x 1"]),
        ("run ${{ matrix.os }} {{ ds }}", ["run {matrix.os} {ds}"]),
        ("f() { python a.py; }\nf", ["f", "python a.py", "f"]),
        ("psql postgresql://me:hunter2@db/x", ["psql postgresql://me:***@db/x"]),
    ],
)
def test_shell(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_folders_follow_cd_and_end_with_their_subshell() -> None:
    text = "cd src\n(cd sub && run a)\nrun b\ncd ..; run c\ncd $X && run d"
    assert [(c.words[1], c.folder) for c in split_commands(text)] == [
        ("a", "src/sub"), ("b", "src"), ("c", ""), ("d", None),
    ]  # fmt: skip


def test_own_folder_of_a_script() -> None:
    text = 'HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\ncd "$HERE/.."\nrun $HERE/a.py\ncd src\nrun\n'
    text += "cd $(git rev-parse --show-toplevel)/x\nrun"
    assert [(c.words, c.folder) for c in split_commands(text)] == [
        (("run", "{script}/a.py"), "{script}/.."),
        (("run",), "{script}/../src"),
        (("run",), "{root}/x"),
    ]


def test_environment_and_places() -> None:
    text = "export A=1\nSECRET_KEY=x B=2 run one \\\n  two\nrun"
    first, second = split_commands(text, 10)
    assert dict(first.environment) == {"A": "1", "B": "2", "SECRET_KEY": "***"}
    assert dict(second.environment) == {"A": "1"}
    assert [(c.line, c.column) for c in (first, second)] == [(11, 18), (13, 1)]


MAKEFILE = """\
DATA ?= data
PY := python3
FLAGS = --in $(LATER)/x.csv
export LATER = $(DATA)/raw
.PHONY: all
all: train
data/out.csv: data/in.csv src/x.py | folder
\t@$(PY) src/x.py $< $@ $(FLAGS)
train: data/out.csv ## trains
\tcd src && \\
\t  $(PY) train.py $$HOME $(shell date)
\t-$(PY) -m pytest $(call f,$(DATA))
%.html: %.ipynb
\trender $< $@
"""


def test_makefile() -> None:
    assert [(c.origin, " ".join(c.words), c.folder, c.line) for c in commands("make", MAKEFILE)] == [
        ("data/out.csv", "python3 src/x.py data/in.csv data/out.csv --in data/raw/x.csv", "", 8),
        ("train", "python3 train.py {HOME} {shell}", "src", 11),
        ("train", "python3 -m pytest {call}", "", 12),
        ("%.html", "render {stem}.ipynb {stem}.html", "", 14),
    ]


DOCKERFILE = """\
FROM python:3.11 AS base
ARG PORT=80
WORKDIR /app
COPY requirements.txt .
COPY src/ ./src
RUN pip install \\
  # why
  -r requirements.txt && python src/prep.py
ENTRYPOINT ["python"]
CMD ["/app/src/serve.py", "--x"]
FROM python:3.11 AS web
ENV FLASK_APP=main.py
COPY web/ /srv/
WORKDIR /srv
RUN <<EOF
cd sub
python y.py
EOF
CMD flask run --port ${PORT:-5000}
FROM web
CMD ["sh", "-c", "exec python main.py $PORT"]
"""


def test_dockerfile() -> None:
    found = [(c.origin, " ".join(c.words), c.folder, c.line) for c in commands("docker", DOCKERFILE)]
    assert found == [
        ("base", "pip install -r requirements.txt", "", 6),
        ("base", "python src/prep.py", "", 8),
        ("base", "python src/serve.py --x", "", 9),
        ("web", "python y.py", "web/sub", 17),
        ("web", "flask run --port 5000", "web", 19),
        ("", "exec python main.py {PORT}", "web", 21),
    ]
    assert dict(commands("docker", DOCKERFILE)[-1].environment) == {"FLASK_APP": "main.py", "PWD": "/srv"}


@pytest.mark.parametrize(
    ("kind", "data", "code"),
    [
        ("shell", b"run\n" * 10_000, "ML005"),
        ("shell", b"x" * (1 << 20) + b"x", "ML003"),
        ("shell", b"\xff", "ML002"),
        ("make", b"a:\n" + b"\trun\n" * 10_000, "ML005"),
    ],
)
def test_what_is_too_much_is_one_problem(kind: str, data: bytes, code: str) -> None:
    assert [problem.code for problem in read("x", kind, data).problems] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "$(" * 50_000,
        "`" * 50_001,
        "for i in a b c d e; do " * 2_000,
        "for i in 1 2 3 4 5 6 7 8; do " * 8 + "run $i" + "; done" * 8,
        "".join(f"A{n}=$A{n - 1}$A{n - 1}$A{n - 1}$A{n - 1}\n" for n in range(1, 60)) + "run $A59",
        "cat " + "<<A " * 5_000,
        "'" * 50_001,
        '"${' * 20_000,
        "(" * 50_000,
        "if " * 50_000,
    ],
)
def test_hostile_scripts_end(text: str) -> None:
    read("x", "shell", text.encode())


def test_hostile_makefiles_end() -> None:
    doubling = "".join(f"A{n} = $(A{n - 1})$(A{n - 1})\n" for n in range(1, 80)) + "t:\n\trun $(A79)\n"
    endless = "A = $(A) $(A)\nt:\n\trun $(A)\n"
    for text in (doubling, endless, "$(" * 50_000, "t: " + "$(A" * 20_000):
        read("x", "make", text.encode())


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["shell", "make", "docker"]),
    st.lists(
        st.sampled_from(["$", "(", ")", "{", "}", "'", '"', "`", "\\", "\n", "\t", " ", "<<", "E", "for", "in", "do",
                         "done", "if", "fi", "case", "esac", ";", "&", "|", "#", "=", "A", "a:", "RUN ", "COPY ", "["]),
        max_size=40,
    ).map("".join),
)  # fmt: skip
def test_any_text_gives_commands_inside_the_file(kind: str, text: str) -> None:
    facts = read("x", kind, text.encode())
    assert facts.problems == ()
    assert all(1 <= command.line <= max(facts.lines, 1) for command in facts.commands)


def test_markdown_gives_the_commands_of_spans_and_blocks_alone() -> None:
    text = b"""# Use
Call `python jobs/clean.py` first. Then see `frame.merge(other)`.

```bash
$ uv run python -m service.app --port 80
```

```
src
|-- train.py   # a listing tells nobody to run it
```
"""
    from mllint.readers import read

    commands = read("README.md", "markdown", text).commands
    assert [(command.words[:3], command.line) for command in commands if "python" in command.words] == [
        (("python", "jobs/clean.py"), 2),
        (("uv", "run", "python"), 5),
    ]
