import msgspec

from mllint.lineage.observations import Setting
from mllint.rule import Branch, Definition, Script, Span
from mllint_rules.anti_patterns.dead_experiment_path import RULE
from tests.rules.by_hand import at, lineage, places, run, step

SETTINGS = (Setting(False, at("conf/a.yaml:3")), Setting(False, at("conf/b.yaml:3")))
BRANCH = Branch(
    at("train.py:8"), 'config["deep"]', 'config["deep"]', False, SETTINGS, (Span("train.py", 9, 5, 12, 20),), 4
)
RUNNER = Span("Makefile", 2)
WORK = [step("file:a.csv", "model:old", "trains", "old.py:3"), step("file:a.csv", "model:new", "trains", "new.py:3")]
SCRIPT = Script("old.py", 20, True, False, (), ())
RUN = Script("new.py", 20, True, False, (RUNNER,), ())


def test_a_setting_that_is_off_everywhere():
    (finding,) = run(RULE, lineage(branches=[BRANCH]))
    assert places([finding]) == ["train.py:8"]
    assert "`False`" in finding.message
    assert "4 lines" in finding.message
    assert [label.span.path for label in finding.related] == ["train.py", "conf/a.yaml", "conf/b.yaml"]


def test_code_that_only_reports_or_is_a_test_is_no_experiment():
    prints = msgspec.structs.replace(BRANCH, only_reports=True)
    test = msgspec.structs.replace(BRANCH, span=at("tests/test_a.py:8"))
    unknown = msgspec.structs.replace(BRANCH, settings=())
    assert run(RULE, lineage(branches=[prints, test, unknown])) == []


def test_the_default_config_of_a_package_is_for_its_users_to_replace():
    package = Script("lib/__init__.py", 1, False, False, (), ())
    shipped = msgspec.structs.replace(BRANCH, settings=(Setting(True, at("lib/default.yaml:3")),))
    assert run(RULE, lineage(branches=[shipped], scripts=[package])) == []
    assert len(run(RULE, lineage(branches=[shipped]))) == 1
    assert len(run(RULE, lineage(branches=[BRANCH], scripts=[package]))) == 1


def test_one_finding_for_an_elif_and_for_tests_inside_dead_code():
    always = Branch(at("m.py:3"), "kind", 'kind == "a"', True, SETTINGS, (Span("m.py", 5, 1, 9, 1),), 5)
    never = Branch(at("m.py:5"), "kind", 'kind == "b"', False, SETTINGS, (Span("m.py", 6, 1, 9, 1),), 4)
    inner = Branch(at("m.py:7"), "size", "size > 3", False, SETTINGS, (Span("m.py", 8, 1, 8, 1),), 1)
    assert places(run(RULE, lineage(branches=[inner, always, never]))) == ["m.py:5"]


def test_a_script_that_nothing_starts():
    (finding,) = run(RULE, lineage(*WORK, scripts=[RUN, SCRIPT], runners=[RUNNER]))
    assert places([finding]) == ["old.py:1"]


def test_a_script_of_another_project_counts_only_if_it_shares_data_with_what_is_run():
    far = msgspec.structs.replace(SCRIPT, path="other/old.py")
    own = step("file:b.csv", "model:old", "trains", "other/old.py:3")
    shared = step("file:a.csv", "model:old", "trains", "other/old.py:3")
    assert run(RULE, lineage(*WORK, own, scripts=[RUN, far], runners=[RUNNER])) == []
    assert places(run(RULE, lineage(*WORK, shared, scripts=[RUN, far], runners=[RUNNER]))) == ["other/old.py:1"]


def test_a_service_is_started_where_it_is_deployed():
    serve = step("model:old", "endpoint:POST /a", "serves", "old.py:9")
    assert run(RULE, lineage(*WORK, serve, scripts=[RUN, SCRIPT], runners=[RUNNER])) == []


def test_scripts_that_are_alive_or_that_nobody_can_judge():
    alive = [
        msgspec.structs.replace(SCRIPT, runners=(RUNNER,)),
        msgspec.structs.replace(SCRIPT, importers=("main.py",)),
        msgspec.structs.replace(SCRIPT, takes_arguments=True),
        msgspec.structs.replace(SCRIPT, is_entry=False),
        msgspec.structs.replace(SCRIPT, path="tests/test_old.py"),
        msgspec.structs.replace(SCRIPT, path="version.py"),  # no edge of the graph runs in it
    ]
    assert run(RULE, lineage(*WORK, scripts=[RUN, *alive], runners=[RUNNER])) == []
    assert run(RULE, lineage(*WORK, scripts=[SCRIPT])) == []


def definition(name: str, kind: str = "class", **more: object) -> Definition:
    values = {"bases": (), "decorated": False, "references": 0, "lines": 12} | more
    return Definition(at("nets.py:4"), name.rpartition(".")[2], f"nets.{name}", kind, **values)  # type: ignore[arg-type]


def test_a_network_that_nothing_builds_by_base_inherited_base_or_methods():
    net = definition("Net", bases=("torch.nn.Module",), references=1)
    deep = definition("Deep", bases=("nets.Net",))
    own = definition("Own")
    methods = [definition("Own.fit", "method"), definition("Own.predict", "method")]
    found = run(RULE, lineage(definitions=[net, deep, own, *methods], runners=[RUNNER]))
    assert len(found) == 1  # they stand in one file
    assert "`Deep`" in found[0].message
    assert "`Own`" in found[0].message


def test_classes_that_may_be_found_otherwise():
    base = ("torch.nn.Module",)
    alive = [
        definition("A", bases=base, references=1),
        definition("B", bases=base, decorated=True),
        definition("C", bases=base, dynamic=True),
        definition("D"),
    ]
    assert run(RULE, lineage(definitions=alive, runners=[RUNNER])) == []
    assert run(RULE, lineage(definitions=[definition("E", bases=base)])) == []
