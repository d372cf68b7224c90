"""Files that are written beside their target and then take its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.linking import edges, linked

HEAD = "import os, shutil\nfrom pathlib import Path\nimport pandas as pd\nrides = pd.read_csv('in.csv')[['x']]\n"


@pytest.mark.parametrize(
    "code",
    [
        "rides.to_csv('out/b.csv.tmp')\nos.replace('out/b.csv.tmp', 'out/b.csv')",
        "rides.to_csv('out/tmp_b.csv')\nshutil.move('out/tmp_b.csv', 'out/b.csv')",
        "path = Path('out/b.csv')\ntmp = path.with_suffix('.tmp')\nrides.to_csv(tmp)\ntmp.rename(path)",
        "path = Path('out/b.csv')\ntmp = path.with_name(f'.{path.name}.tmp')\nrides.to_csv(tmp)\ntmp.replace(path)",
    ],
)
def test_only_the_target_is_left(tmp_path: Path, code: str) -> None:
    lineage = linked(tmp_path, {"a.py": HEAD + code})
    assert edges(lineage) == {("file:in.csv", "file:out/b.csv")}
    assert not [id for id in lineage.graph.nodes if "tmp" in id]
    assert lineage.graph.path("column:file:in.csv#x", "column:file:out/b.csv#x")


@pytest.mark.parametrize(
    "code",
    [
        "rides.to_csv('tmp_b.csv')\npd.read_csv('tmp_b.csv').dropna().to_csv('c.csv')",
        "rides.to_csv('temp_b.csv')\npd.read_csv('temp_b.csv').dropna().to_csv('b.csv')",
        "rides.to_csv('b.csv.tmp')\nos.replace('b.csv.tmp', 'b.csv')\npd.read_csv('b.csv.tmp').to_csv('c.csv')",
    ],
)
def test_what_is_of_use_by_itself_stays(tmp_path: Path, code: str) -> None:
    assert [id for id in linked(tmp_path, {"a.py": HEAD + code}).graph.nodes if "t" in id and "mp" in id]
