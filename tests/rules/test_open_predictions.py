import msgspec

from mllint.rule import Route
from mllint_rules.boundaries.open_predictions import RULE
from tests.rules.by_hand import at, lineage, places, run, step

FIT = step("file:a.csv", "model:eta", "trains", "train.py:3")
SERVE = step("model:eta", "endpoint:POST /eta", "serves", "app.py:9", "app.py:4")
OPEN = Route("endpoint:POST /eta", at("app.py:8"), "app.py", "none", ("model:eta",))


def test_a_route_that_serves_predictions_to_anybody():
    (finding,) = run(RULE, lineage(FIT, SERVE, routes=[OPEN]))
    assert places([finding]) == ["app.py:8"]
    assert "`POST /eta`" in finding.message
    assert finding.nodes == ["model:eta", "endpoint:POST /eta"]


def test_a_guard_or_something_not_understood_is_silent():
    for guard in ("seen", "unsure"):
        assert run(RULE, lineage(FIT, SERVE, routes=[msgspec.structs.replace(OPEN, guard=guard)])) == []


def test_a_gateway_and_routes_without_predictions_are_silent():
    assert run(RULE, lineage(FIT, SERVE, routes=[OPEN], gateways=[at("deploy/policy.yaml:1")])) == []
    about = msgspec.structs.replace(OPEN, predicts=())  # what it tells of the model is no prediction
    assert run(RULE, lineage(FIT, SERVE, routes=[about])) == []
    health = msgspec.structs.replace(OPEN, endpoint="endpoint:GET /health")
    assert run(RULE, lineage(FIT, SERVE, routes=[health])) == []
