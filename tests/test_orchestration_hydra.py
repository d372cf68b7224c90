"""Hydra: what config files compose to, with groups, overrides and interpolation; `_target_`."""

from __future__ import annotations

from pathlib import Path

from tests.linking import edges, linked

TRAIN = """
    import hydra
    import pandas as pd
    from omegaconf import DictConfig

    @hydra.main(version_base=None, config_path="../conf", config_name="train")
    def main(cfg: DictConfig) -> None:
        frame = pd.read_csv(cfg.data.path)
        model = hydra.utils.instantiate(cfg.model)
        model.fit(frame[cfg.data.features], frame[cfg["data"]["label"]])
        frame.to_csv(f"{cfg.paths.out}/used.csv")

    if __name__ == "__main__":
        main()
"""
REPO = {
    "src/train.py": TRAIN,
    "src/models.py": """
        from sklearn.linear_model import Ridge

        class Own(Ridge):
            pass

        def make(alpha):
            return Ridge(alpha=alpha)
    """,
    "conf/train.yaml": """
        defaults:
          - _self_
          - data: taxi
          - model: forest
          - paths: default
        name: run
    """,
    "conf/data/taxi.yaml": "name: taxi\npath: raw/${.name}.csv\nfeatures: [km]\nlabel: fare\n",
    "conf/data/bus.yaml": "defaults: [taxi]\nname: bus\nfeatures: [km, stops]\n",
    "conf/model/forest.yaml": "_target_: sklearn.ensemble.RandomForestRegressor\nn_estimators: 10\n",
    "conf/model/ridge.yaml": "_target_: src.models.make\nalpha: 1\n",
    "conf/paths/default.yaml": "out: out/${data.name}/${name}\n",
    "conf/experiment/small.yaml": "defaults:\n  - override /data: bus\nname: small\n",
}


def test_groups_and_interpolation(tmp_path: Path) -> None:
    lineage = linked(tmp_path, REPO)
    assert edges(lineage) == {
        ("file:raw/taxi.csv", "model:RandomForestRegressor"),
        ("file:raw/taxi.csv", "file:out/taxi/run/used.csv"),
    }
    assert lineage.graph.nodes["model:RandomForestRegressor"].attributes["features"] == ["km"]


def test_overrides_of_known_commands(tmp_path: Path) -> None:
    makefile = "train:\n\tpython src/train.py data=bus model=ridge name=night\n"
    lineage = linked(tmp_path, {**REPO, "Makefile": makefile})
    assert edges(lineage) == {
        ("file:raw/bus.csv", "model:Ridge"),
        ("file:raw/bus.csv", "file:out/bus/night/used.csv"),
    }
    assert lineage.graph.nodes["model:Ridge"].attributes["features"] == ["km", "stops"]


def test_experiments_stand_above_the_groups(tmp_path: Path) -> None:
    makefile = "train:\n\tpython src/train.py +experiment=small\n"
    found = edges(linked(tmp_path, {**REPO, "Makefile": makefile}))
    assert ("file:raw/bus.csv", "file:out/bus/small/used.csv") in found


def test_a_config_that_is_not_in_sight_is_unknown(tmp_path: Path) -> None:
    files = {"src/train.py": TRAIN, "conf/other.yaml": "data: {path: wrong.csv}\n"}
    lineage = linked(tmp_path, files)
    assert not [id for id in lineage.graph.nodes if "wrong" in id]


def test_a_configuration_that_refers_to_itself_ends(tmp_path: Path) -> None:
    files = {**REPO, "conf/paths/default.yaml": "out: ${paths.out}/x\na: ${paths.b}\nb: ${paths.a}\n"}
    files["conf/data/taxi.yaml"] = "defaults: [taxi]\n" + REPO["conf/data/taxi.yaml"]
    assert ("file:raw/taxi.csv", "model:RandomForestRegressor") in edges(linked(tmp_path, files))


def test_composing_and_merging_by_hand(tmp_path: Path) -> None:
    script = """
        import pandas as pd
        from hydra import compose, initialize
        from omegaconf import OmegaConf

        with initialize(config_path="../conf"):
            cfg = compose(config_name="train", overrides=["data=bus"])
        base = OmegaConf.load("conf/base.yaml")
        merged = OmegaConf.merge(base, {"out": {"name": "b"}})
        pd.read_csv(cfg.data.path).to_csv(merged.out.folder + "/" + merged.out.name + ".csv")
    """
    files = {**REPO, "src/run.py": script, "conf/base.yaml": "out: {folder: made, name: a}\n"}
    del files["src/train.py"]
    assert edges(linked(tmp_path, files)) == {("file:raw/bus.csv", "file:made/b.csv")}


def test_configurations_that_multiply_end_soon(tmp_path: Path) -> None:
    layers = ["l{}: [{}]".format(i, ", ".join([f"'${{l{i + 1}}}'"] * 9)) for i in range(11)]
    files = {**REPO, "conf/paths/default.yaml": "\n".join(["out: out", *layers, "l11: end"]) + "\n"}
    files["conf/data/taxi.yaml"] = "defaults: [a, a, a, a, a, a, a, a]\nname: taxi\npath: raw/x.csv\n"
    files["conf/data/a.yaml"] = "defaults: [b, b, b, b, b, b, b, b]\nfeatures: [km]\nlabel: fare\n"
    files["conf/data/b.yaml"] = "defaults: [a, a, a, a, a, a, a, a]\nother: 1\n"
    linked(tmp_path, files)
