from mllint.rule import Declared, Evaluation
from mllint_rules.boundaries.undeclared_consumer import RULE
from tests.rules.by_hand import at, lineage, places, run, step

OWN = [
    step("file:members.csv", "model:churn", "trains", "scoring/train.py:9"),
    step("model:churn", "file:churn.pkl", "saves", "scoring/train.py:10"),
    step("file:churn.pkl", "file:scores.csv", "predicts", "scoring/score.py:7"),
]
READ = step("file:scores.csv", "file:vouchers.csv", "derives", "campaigns/pick.py:9", read="campaigns/pick.py:4")


def test_another_folder_reads_the_scores():
    (finding,) = run(RULE, lineage(*OWN, READ))
    assert (finding.span.path, finding.span.line) == ("campaigns/pick.py", 4)
    assert "`churn`" in finding.message
    assert "`scores.csv`" in finding.message
    assert finding.nodes[-2:] == ["file:scores.csv", "file:vouchers.csv"]
    assert finding.confidence == "proven"


def test_an_assumed_step_makes_it_likely():
    guess = step("file:scores.csv", "consumer:x/a.py", "consumes", "x/a.py:4", resolved=False)
    assert [f.confidence for f in run(RULE, lineage(*OWN, guess))] == ["likely"]


def test_it_stands_at_the_first_read_outside_only():
    again = step("file:vouchers.csv", "file:mails.csv", "derives", "mail/send.py:3")
    assert places(run(RULE, lineage(*OWN, READ, again))) == ["campaigns/pick.py:4"]


def test_it_looks_through_what_the_own_pipeline_makes_of_the_predictions():
    clip = step("file:scores.csv", "file:clipped.csv", "derives", "scoring/clip.py:3")
    read = step("file:clipped.csv", "consumer:board/a.R", "consumes", "board/a.R:2")
    assert places(run(RULE, lineage(*OWN, clip, read))) == ["board/a.R:2"]


def test_readers_that_are_declared_by_name_owner_or_folder():
    named = Declared("consumer", "pick", at("mllint.yaml:3"), reads=("file:scores.csv",))
    folder = Declared("consumer", "campaigns", at("mllint.yaml:3"), reads=("model:churn",))
    owned = Declared("consumer", "vouchers", at("mllint.yaml:3"), owner="crm", reads=("file:*.csv",))
    owners = [("/campaigns/", "@acme/crm")]
    assert run(RULE, lineage(*OWN, READ, declared=[named])) == []
    assert run(RULE, lineage(*OWN, READ, declared=[folder])) == []
    assert run(RULE, lineage(*OWN, READ, declared=[owned], owners=owners)) == []


def test_a_consumer_of_something_else_declares_nothing_here():
    other = Declared("consumer", "campaigns", at("mllint.yaml:3"), reads=("model:ltv",))
    assert len(run(RULE, lineage(*OWN, READ, declared=[other]))) == 1


def test_evaluation_is_own_unless_codeowners_says_otherwise():
    read = step("file:scores.csv", "consumer:checks/auc.py", "consumes", "checks/auc.py:4")
    seen = {"evaluations": [Evaluation("checks/auc.py", at("checks/auc.py:9"), "metric")]}
    assert run(RULE, lineage(*OWN, read, **seen)) == []
    owners = [("/scoring/", "@acme/ds"), ("/checks/", "@acme/audit")]
    assert places(run(RULE, lineage(*OWN, read, owners=owners, **seen))) == ["checks/auc.py:4"]


def test_tests_and_declared_edges_are_no_readers():
    test = step("file:scores.csv", "consumer:tests/test_a.py", "consumes", "tests/test_a.py:4")
    stage = step("file:scores.csv", "file:x.csv", "derives", "other/a.py:4", strength="declared")
    assert run(RULE, lineage(*OWN, test, stage)) == []


def test_a_dbt_model_with_an_exposure_behind_it():
    view = step("file:scores.csv", "table:tiers", "derives", "models/tiers.sql:3")
    exposure = Declared("consumer", "board", at("models/schema.yml:3"), origin="dbt", reads=("table:tiers",))
    assert run(RULE, lineage(*OWN, view, declared=[exposure])) == []
    assert places(run(RULE, lineage(*OWN, view))) == ["models/tiers.sql:3"]


def test_a_client_of_the_endpoint():
    serve = step("file:churn.pkl", "endpoint:POST /churn", "loads", "scoring/app.py:5")
    client = step("endpoint:POST /churn", "consumer:desk/calls.py", "consumes", "desk/calls.py:8")
    assert places(run(RULE, lineage(*OWN[:2], serve, client))) == ["desk/calls.py:8"]


def test_a_plot_is_own_only_under_the_same_top_folder():
    near = step("file:scores.csv", "consumer:scoring/plots/roc.py", "consumes", "scoring/plots/roc.py:4")
    far = step("file:scores.csv", "consumer:board/roc.py", "consumes", "board/roc.py:4")
    plots = [Evaluation(f"{folder}/roc.py", at(f"{folder}/roc.py:1"), "plot") for folder in ("scoring/plots", "board")]
    assert places(run(RULE, lineage(*OWN, near, far, evaluations=plots))) == ["board/roc.py:4"]


def test_a_page_that_the_service_ships_is_no_stranger():
    serve = step("file:churn.pkl", "endpoint:POST /churn", "loads", "app/main.py:5")
    page = step("endpoint:POST /churn", "consumer:app/static/form.js", "consumes", "app/static/form.js:3")
    other = step("endpoint:POST /churn", "consumer:shop/cart.js", "consumes", "shop/cart.js:3")
    assert places(run(RULE, lineage(*OWN[:2], serve, page, other))) == ["shop/cart.js:3"]
