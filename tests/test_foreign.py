"""Calls in languages that are not analysed deeply."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllint.facts.file import decode, encode
from mllint.facts.foreign import ForeignCall
from mllint.readers.foreign import read

KINDS = ["r", "scala", "java", "julia", "javascript", "html", "cpp"]


def calls(kind: str, text: str) -> tuple[ForeignCall, ...]:
    facts = read("x", kind, text.encode())
    assert facts.problems == ()
    assert facts.foreign is not None
    return facts.foreign.calls


def call(kind: str, text: str, function: str) -> ForeignCall:
    return next(each for each in calls(kind, text) if each.function == function)


@pytest.mark.parametrize(
    ("kind", "text", "function", "arguments"),
    [
        ("javascript", "fetch(`/predict/${id}?x=1`)", "fetch", ("/predict/{id}?x=1",)),
        ("javascript", "const A = '/api'; fetch(`${A}/predict`)", "fetch", ("/api/predict",)),
        ("javascript", "$.ajax(prefix + '/p?' + d, {})", "$.ajax", ("{prefix}/p?{d}",)),
        ("javascript", "axios({url: '/y', method: 'post'})", "axios", ("/y", "post")),
        ("javascript", "let x: string = await api.get<T>('/z')", "api.get", ("/z",)),
        ("javascript", "fs.readFileSync(path.join('data', 'x.csv'))", "fs.readFileSync", ("data/x.csv",)),
        ("javascript", "let a = 'x'; a = 'y'; f(a + '/z')", "f", ("{a}/z",)),
        ("scala", 'val d = spark.read.option("h","t").parquet("s3://x")', "spark.read.option.parquet", ("s3://x",)),
        ("scala", 'd.write.mode("o").saveAsTable(s"db.$t")', "d.write.mode.saveAsTable", ("db.{t}",)),
        ("scala", 'val b = "a/"\nd.write.parquet(b + "c")', "d.write.parquet", ("a/c",)),
        ("java", 'class A { void f() { spark.read().parquet("x" + y); } }', "spark.read.parquet", ("x{y}",)),
        ("java", 'class A { void f() { m.load(new File("m.onnx")); } }', "m.load", ("m.onnx",)),
        ("julia", 'CSV.write(joinpath("a", "b.csv"), df)', "CSV.write", ("a/b.csv",)),
        ("julia", 'const P = "q"\nload(P * "/$z")', "load", ("q/{z}",)),
        ("cpp", 'int main() { auto m = torch::jit::load("m.pt"); }', "torch::jit::load", ("m.pt",)),
        ("cpp", 'int main() { std::ifstream in("x.csv"); }', "std::ifstream", ("x.csv",)),
        ("r", 'read_csv(file.path("data", "x.csv"))', "read_csv", ("data/x.csv",)),
        ("r", 'p <- "data"\nreadr::read_csv(paste0(p, "/", n, ".csv"))', "readr::read_csv", ("data/{n}.csv",)),
        ("r", 'dbGetQuery(con, "SELECT \\"a\\" FROM t")', "dbGetQuery", ('SELECT "a" FROM t',)),
        ("r", "read.csv(r\"(C:\\x.csv)\")", "read.csv", ("C:\\x.csv",)),
        ("r", 'f(glue("{a}/b.csv"))  # f("no")', "f", ("{a}/b.csv",)),
        ("html", "<form\n method='post' action=\"{{ url_for('p') }}\">", "form", ("{url_for('p')}", "POST")),
        ("html", '<script>fetch("/predict")</script>', "fetch", ("/predict",)),
        ("html", '<div hx-post="/q">', "hx-post", ("/q",)),
    ],
)  # fmt: skip
def test_literal_arguments(kind: str, text: str, function: str, arguments: tuple[str, ...]) -> None:
    assert call(kind, text, function).arguments == arguments


def test_places_and_targets() -> None:
    text = "# é\ndf <- read.csv('a.csv',\n  sep = ';')\nwrite.csv(df, 'b.csv')\n"
    first, second = calls("r", text)
    assert (first.target, first.names, first.line, first.column, first.end_line, first.end_column) == (
        "df", ("", "sep"), 2, 7, 3, 13,
    )  # fmt: skip
    assert second.uses == ("df",)
    found = call("javascript", "/* é */ const r = fetch('/x')", "fetch")
    assert (found.target, found.line, found.column, found.end_column) == ("r", 1, 19, 30)


def test_r_pipes_blocks_and_arrows() -> None:
    text = 'a %>%\n  filter(x > 1) |>\n  write_csv("o.csv")\nf <- function(p) {\n m <- readRDS("m")\n}\n'
    text += 'readRDS("q") -> z\nc <- z\n'
    found = {(each.function, each.target): each for each in calls("r", text)}
    assert found["write_csv", ""].uses[0] == "a"
    assert ("readRDS", "m") in found
    assert ("readRDS", "z") in found
    assert found["=", "c"].uses == ("z",)


def test_scripts_of_a_page_keep_their_lines() -> None:
    found = calls("html", "<p>\n<script type='text/template'>fetch('/no')</script>\n<script>\n\nfetch('/yes')</script>")
    assert [(each.arguments, each.line) for each in found] == [(("/yes",), 5)]


def test_passwords_are_masked() -> None:
    assert call("javascript", "connect('postgres://me:hunter2@db/x')", "connect").arguments == (
        "postgres://me:***@db/x",
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text", ["(" * 5_000, "a+" * 5_000 + "1", "<form " * 5_000, '"\\' * 5_000, "{[" * 5_000, "`${" * 5_000]
)
def test_hostile_sources_end(kind: str, text: str) -> None:
    lines = [text[start : start + 500] for start in range(0, len(text), 500)]
    facts = read("x", kind, "\n".join(lines).encode())
    assert facts.foreign is not None


def test_a_minified_bundle_has_no_calls() -> None:
    assert calls("javascript", "fetch('/x');" * 1_000) == ()
    assert calls("javascript", f"{'fetch(1);' * 300}\n" * 9) == ()  # a line for each module
    assert len(calls("javascript", "fetch('/x');\n" * 1_000)) == 1_000


def test_constants_that_double_end() -> None:
    text = "".join(f"const a{n} = a{n + 1} + a{n + 1} + 'x';\n" for n in range(200)) + "f(a0)"
    assert all(len(argument) < 10_000 for each in calls("javascript", text) for argument in each.arguments)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.lists(
        st.sampled_from(
            [*"(){}[]<>,;:.$@=+*\"'`\\\n #é", "a", "f(", "<-", "->", "%>%", "'x'", "<form ", "<script>", "val "]
        ),
        max_size=40,
    ).map("".join),
)  # fmt: skip
def test_any_text_gives_calls_inside_the_file(kind: str, text: str) -> None:
    facts = read("x", kind, text.encode())
    assert facts.problems == ()
    assert decode(encode(facts)) == facts
    assert facts.foreign is not None
    lines = text.split("\n")
    for each in facts.foreign.calls:
        assert 1 <= each.line <= each.end_line <= len(lines)
        assert 1 <= each.column <= len(lines[each.line - 1]) + 1
        assert each.end_column <= len(lines[each.end_line - 1]) + 2
