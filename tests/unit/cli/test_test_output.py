"""Findings in the forms that other programs read."""

from __future__ import annotations

import json
import xml.etree.ElementTree as Xml

from holdfast.cli import test_output
from holdfast.offline.findings import Finding
from holdfast.offline.rules import RULES

FOUND = [
    Finding("apps/a b ä.yaml", 3, "yaml-invalid", 'a "quoted" <tag> & \x00 control', severity="error"),
    Finding("apps/b.yaml", 0, "unit-invalid", "one", severity="error"),
    Finding("apps/c.yaml", 7, "unit-invalid", "two", hint="mend it", severity="error"),
    Finding("apps/d.yaml", 1, "source-unused", "noted", severity="note"),
]


def test_junit_has_a_case_for_each_rule_and_one_failure_in_those_that_found_something() -> None:
    suite = Xml.fromstring(test_output.junit(FOUND, RULES))
    cases = {c.get("name"): c for c in suite}
    assert (suite.get("tests"), suite.get("failures")) == (str(len(RULES)), "2")
    failures = {n: c.findall("failure") for n, c in cases.items() if len(c)}
    assert {n: len(f) for n, f in failures.items()} == {"yaml-invalid": 1, "unit-invalid": 1}
    assert failures["unit-invalid"][0].get("message") == "2 findings"
    assert failures["unit-invalid"][0].text == "apps/b.yaml:0: one\napps/c.yaml:7: two (mend it)"
    assert failures["yaml-invalid"][0].get("message") == 'a "quoted" <tag> & ? control'


def test_sarif_names_files_as_addresses_and_lines_from_one() -> None:
    run = json.loads(test_output.sarif(FOUND, RULES))["runs"][0]
    known = {r["id"] for r in run["tool"]["driver"]["rules"]}
    places = [r["locations"][0]["physicalLocation"] for r in run["results"]]
    assert all(r["ruleId"] in known and r["level"] in ("error", "warning", "note") for r in run["results"])
    assert places[0]["artifactLocation"]["uri"] == "apps/a%20b%20%C3%A4.yaml"
    assert [p["region"]["startLine"] for p in places] == [3, 1, 7, 1]


def test_text_says_place_severity_and_rule() -> None:
    lines = test_output.text(FOUND[1:3], RULES).splitlines()
    assert lines == [
        "apps/b.yaml: error: one [unit-invalid]",
        "apps/c.yaml:7: error: two [unit-invalid]",
        "    mend it",
    ]
