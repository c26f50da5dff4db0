"""A folder for every rule: what it finds in ``bad`` is in expected.json, and ``good`` is the same repository without the mistake.

``beside`` names rules that the same mistake breaks too.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from holdfast.app.charts import VENDORED, Library
from holdfast.app.refusals import refusals
from holdfast.base.tree import DiskTree
from holdfast.offline.findings import Finding, check
from holdfast.offline.rules import RULES
from holdfast.offline.survey import Options, survey

FOLDERS = Path(__file__).parents[2] / "scenarios" / "rules"
WRITTEN_BY_TESTS = {"object-too-large"}


def findings(directory: Path, cache: Path) -> list[Finding]:
    options = Options(charts=Library([os.path.join(directory, VENDORED)], cache, offline=True), refuses=refusals)
    return sorted({f for found in survey(DiskTree(str(directory)), options) for f in check(found, RULES)})


@pytest.mark.parametrize("rule", sorted(r.id for r in RULES if r.id not in WRITTEN_BY_TESTS))
def test_a_rule_finds_its_mistake_where_it_is_and_nothing_in_the_corrected_twin(rule: str, tmp_path: Path) -> None:
    folder = FOLDERS / rule
    expected = json.loads((folder / "expected.json").read_text())
    assert expected["findings"], "a scenario expects something"
    found = findings(folder / "bad", tmp_path)
    mine = [{"rule": f.rule, "place": f.place, "line": f.line} for f in found if f.rule == rule]
    assert mine == expected["findings"], found
    assert {f.rule for f in found} - {rule} == set(expected.get("beside", ())), found
    assert findings(folder / "good", tmp_path) == []


def test_no_folder_is_without_its_rule() -> None:
    assert {f.name for f in FOLDERS.iterdir()} == {r.id for r in RULES} - WRITTEN_BY_TESTS


def test_every_rule_has_its_entry_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "rules.md").read_text()
    assert [r.id for r in RULES if f'<a id="{r.id}"></a>`{r.id}` | {r.severity.value} |' not in text] == []


def test_a_file_larger_than_the_api_takes_is_found(tmp_path: Path) -> None:
    """Not kept as a folder: it would be a megabyte of nothing."""
    from holdfast.base.tree import MemoryTree
    from tests.unit.offline.test_survey import SOURCE, unit

    def found(size: int) -> list[str]:
        config = (
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, namespace: default}}\ndata: {{a: {'x' * size}}}\n"
        )
        files = {"clusters/prod/sync.yaml": SOURCE + "---\n" + unit("apps", "./apps"), "apps/c.yaml": config}
        (one,) = survey(MemoryTree({p: t.encode() for p, t in files.items()}))
        return [f.rule for f in check(one, RULES)]

    assert found(1024 * 1024 + 1) == ["object-too-large"]
    assert found(1000) == []
