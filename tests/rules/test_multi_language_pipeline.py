from mllint_rules.anti_patterns.multi_language_pipeline import RULE
from tests.rules.by_hand import lineage, places, run, step

FEATURES = step("file:raw.csv", "file:features.csv", "derives", "prep.R:8")
FIT = step("file:features.csv", "model:lapse", "trains", "train.py:9", read="train.py:5")


def test_r_writes_what_python_reads():
    (finding,) = run(RULE, lineage(FEATURES, FIT))
    assert places([finding]) == ["train.py:5"]
    assert "written in R and read in Python" in finding.message
    assert finding.related[0].span.path == "prep.R"


def test_predictions_that_another_language_reports():
    predict = step("model:lapse", "file:out.csv", "predicts", "score.py:4")
    report = step("file:out.csv", "consumer:board.R", "consumes", "board.R:3")
    assert places(run(RULE, lineage(FIT, predict, report))) == ["board.R:3"]


def test_every_handoff_counts_once():
    steps = [
        step("file:a.csv", "file:b.csv", "derives", "one.py:3"),
        step("file:b.csv", "file:features.csv", "derives", "two.R:3"),
        step("column:file:b.csv#x", "column:file:features.csv#x", "derives", "two.R:3"),
        FIT,
        step("file:features.csv", "model:other", "trains", "train.py:12", read="train.py:5"),
    ]
    assert places(run(RULE, lineage(*steps))) == ["train.py:5", "two.R:3"]


def test_other_languages_beside_the_path():
    side = step("file:raw.csv", "file:table.csv", "derives", "paper.R:2")
    fit = step("file:raw.csv", "model:lapse", "trains", "train.py:9")
    assert run(RULE, lineage(side, fit)) == []


def test_sql_belongs_to_the_program_that_runs_it_and_shell_is_no_language():
    run_by_python = step("table:raw", "table:mart", "derives", "sql/mart.sql:3", job="warehouse.py")
    fit = step("table:mart", "model:lapse", "trains", "train.py:9")
    shell = step("file:x.gz", "table:raw", "writes", "load.sh:3")
    assert run(RULE, lineage(shell, run_by_python, fit)) == []
    alone = step("table:raw", "table:mart", "derives", "sql/mart.sql:3")
    assert run(RULE, lineage(alone, fit)) == []
    assert places(run(RULE, lineage(alone, fit), embedded=[])) == ["train.py:9"]


def test_an_onnx_export_is_a_note():
    steps = [
        FIT,
        step("model:lapse", "file:lapse.onnx", "saves", "train.py:11"),
        step("file:lapse.onnx", "endpoint:POST /lapse", "loads", "Serve.java:9"),
    ]
    assert [finding.severity for finding in run(RULE, lineage(*steps))] == ["info"]


def test_a_format_of_its_own_language_loaded_elsewhere():
    steps = [
        FIT,
        step("model:lapse", "file:lapse.pmml", "saves", "train.py:11"),
        step("file:lapse.pmml", "endpoint:POST /lapse", "loads", "Serve.java:9"),
    ]
    assert [(f.severity, *places([f])) for f in run(RULE, lineage(*steps))] == [(None, "Serve.java:9")]
