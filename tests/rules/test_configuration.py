from __future__ import annotations

from mllint.rule import Config, Key, MissingKey, Override, Span
from mllint_rules.configuration import copied_config, redundant_setting, undefined_setting, unused_setting
from tests.rules.by_hand import at, lineage, places, run


def key(place: str, dotted: str, state: str = "read", value: object = 1, is_scalar: bool = True) -> Key:
    return Key(tuple(dotted.split(".")), at(place), state, is_scalar, value)  # type: ignore[arg-type]


def config(path: str, *keys: Key, jobs: tuple[str, ...] = ("train.py",), **more: object) -> Config:
    return Config(path, jobs, keys, **more)  # type: ignore[arg-type]


def section(place: str, dotted: str, state: str) -> Key:
    return key(place, dotted, state, None, is_scalar=False)


def test_the_topmost_key_of_which_nothing_is_read():
    file = config(
        "c.yaml",
        key("c.yaml:1", "data"),
        section("c.yaml:2", "old", "unread"),
        key("c.yaml:3", "old.a", "unread"),
        key("c.yaml:4", "old.b", "unread"),
        key("c.yaml:5", "maybe", "unsure"),
        key("c.yaml:6", "rate", "unread"),
    )
    findings = run(unused_setting.RULE, lineage(configs=[file]))
    assert places(findings) == ["c.yaml:2", "c.yaml:6"]
    assert "2 settings" in findings[0].message


def test_files_that_nobody_loads_or_that_tools_read_are_silent():
    keys = (key("c.yaml:1", "a"), key("c.yaml:2", "b", "unread"))
    assert not run(unused_setting.RULE, lineage(configs=[config("c.yaml", *keys, jobs=())]))
    assert not run(unused_setting.RULE, lineage(configs=[config("c.yaml", *keys, is_tooling=True)]))
    assert not run(unused_setting.RULE, lineage(configs=[config("c.yaml", keys[1])]))


def test_a_key_that_is_not_there_names_the_nearest_one():
    file = config("p.yaml", section("p.yaml:1", "train", "read"), key("p.yaml:2", "train.epochs"))
    missing = MissingKey(at("train.py:7"), ("train", "epoch"), ("p.yaml",))
    (finding,) = run(undefined_setting.RULE, lineage(configs=[file], missing_keys=[missing]))
    assert places([finding]) == ["train.py:7"]
    assert "`epochs`" in finding.help
    other = config("q.yaml", key("q.yaml:1", "train.epoch"))
    assert not run(undefined_setting.RULE, lineage(configs=[file, other], missing_keys=[missing]))


def test_an_override_that_repeats():
    base, own = config("a.yaml", key("a.yaml:1", "rate")), config("b.yaml", key("b.yaml:3", "rate"))
    same = Override(at("b.yaml:3"), at("a.yaml:1"), True)
    assert places(run(redundant_setting.RULE, lineage(configs=[base, own], overrides=[same]))) == ["b.yaml:3"]
    other = Override(at("b.yaml:3"), at("a.yaml:1"), False)
    assert not run(redundant_setting.RULE, lineage(configs=[base, own], overrides=[other]))


def numbered(path: str, many: int, **values: object) -> Config:
    return config(path, *(key(f"{path}:{i}", f"k{i}", value=values.get(f"k{i}", i)) for i in range(1, many + 1)))


def test_copies_are_one_finding_per_cluster():
    files = [numbered("a.yaml", 9), numbered("b.yaml", 9, k3=0), numbered("c.yaml", 9, k4=0)]
    (finding,) = run(copied_config.RULE, lineage(configs=files))
    assert finding.span == Span("c.yaml", 1)
    assert "1 more" in finding.message


def test_limits_of_a_copy():
    few = [numbered("a.yaml", 7), numbered("b.yaml", 7)]
    assert not run(copied_config.RULE, lineage(configs=few))
    assert run(copied_config.RULE, lineage(configs=few), **{"min-keys": 7})
    far = [numbered("a.yaml", 9), numbered("b.yaml", 9, k1=0, k2=0, k3=0)]
    assert not run(copied_config.RULE, lineage(configs=far))
    based = [numbered("a.yaml", 9), Config("b.yaml", ("t.py",), numbered("b.yaml", 9).keys, ("a.yaml",))]
    assert not run(copied_config.RULE, lineage(configs=based))


def test_a_file_that_is_mostly_a_document_is_one_finding():
    keys = [key("c.yaml:1", "a"), *(key(f"c.yaml:{i}", f"k{i}", "unread") for i in range(2, 30))]
    (finding,) = run(unused_setting.RULE, lineage(configs=[config("c.yaml", *keys)]))
    assert places([finding]) == ["c.yaml:2"]
    assert "28 settings" in finding.message
