import msgspec

from mllint.rule import Access, Finding, ModelLabel, Script
from mllint_rules.data_dependencies.many_writers import RULE
from tests.rules.by_hand import at, lineage, places, run


def write(place: str, id: str = "file:models/eta.pkl", job: str = "", adds: bool = False) -> Access:
    return Access(id, False, at(place), at(place), job or place.partition(":")[0], adds=adds)


def read(place: str, id: str = "file:models/eta.pkl") -> Access:
    return Access(id, True, at(place), at(place), place.partition(":")[0])


READ = read("app.py:2")


def found(*accesses: Access, **seen: object) -> list[Finding]:
    return run(RULE, lineage(accesses=list(accesses), **seen))


def test_the_later_writer_by_path():
    (finding,) = found(write("b.py:9"), write("a.py:5"), READ)
    assert places([finding]) == ["b.py:9"]
    assert [label.span for label in finding.related] == [at("a.py:5"), at("app.py:2")]


def test_one_writer_no_reader_or_appending_is_silent():
    assert not found(write("a.py:5"), write("a.py:9"), READ)
    assert not found(write("a.py:5"), write("b.py:9"))
    assert not found(write("a.py:5"), write("b.py:9", adds=True), READ)
    assert not found(write("core.py:5", job="train.py"), write("core.py:5", job="retrain.py"), READ)


def test_one_function_started_in_two_ways():
    made = [msgspec.structs.replace(write(place), made="core.py:7") for place in ("a.py:5", "b.py:9")]
    assert not found(*made, READ)
    assert found(made[0], write("b.py:9"), READ)


def test_a_writer_that_reads_what_it_rewrites():
    assert not found(write("a.py:5"), write("b.py:9"), read("b.py:3"), READ)


def test_a_declared_order():
    script = Script("a.py", 9, True, False, (at("Makefile.py:2"),), ())
    other = msgspec.structs.replace(script, path="b.py", runners=(at("Makefile.py:3"),))
    assert not found(write("a.py:5"), write("b.py:9"), READ, scripts=[script, other])


def test_reports_and_two_projects_are_silent():
    metrics = "file:out/metrics.json"
    assert not found(write("a.py:5", metrics), write("b.py:9", metrics), read("app.py:2", metrics))
    own = [write("x/one/a.py:5"), write("x/two/a.py:5"), read("x/one/b.py:1"), read("x/two/b.py:1")]
    assert not found(*own)


def test_one_alias_set_twice():
    load = msgspec.structs.replace(read("app.py:2", "model:eta"), revision="champion")
    labels = [ModelLabel("model:eta", "champion", at(f"{job}:3"), job) for job in ("a.py", "b.py")]
    assert places(found(load, labels=labels)) == ["b.py:3"]
    assert not found(load, labels=labels[:1])
    assert not found(read("app.py:2", "model:eta"), labels=labels)
