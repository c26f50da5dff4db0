"""Findings as text, JSON, JUnit XML and SARIF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from holdfast.offline.findings import Finding, Rule


def text(findings: Sequence[Finding], rules: Sequence[Rule]) -> str:
    del rules
    lines = []
    for f in findings:
        where = f"{f.place}:{f.line}" if f.line else f.place
        lines.append(f"{where}: {f.severity}: {f.message.strip()} [{f.rule}]")
        if f.hint:
            lines.append(f"    {f.hint}")
    return "\n".join(lines) if lines else "nothing found"


def json(findings: Sequence[Finding], rules: Sequence[Rule]) -> str:
    import json as library

    del rules
    return library.dumps([asdict(f) for f in findings], indent=2)


def junit(findings: Sequence[Finding], rules: Sequence[Rule]) -> str:
    """One test case a rule; its findings are its failures."""
    by_rule: dict[str, list[Finding]] = {}
    for f in findings:
        by_rule.setdefault(f.rule, []).append(f)
    cases = []
    for rule in rules:
        broken = [f for f in by_rule.get(rule.id, []) if f.severity != "note"]
        inside = _failure(broken) if broken else ""
        cases.append(f'  <testcase classname="holdfast" name={quoteattr(rule.id)}>{inside}</testcase>')
    failed = sum(any(f.severity != "note" for f in found) for found in by_rule.values())
    head = f'<testsuite name="holdfast test" tests="{len(rules)}" failures="{failed}">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>"])


_CONTROL = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML can hold, in whatever way it is written."""


def _failure(found: Sequence[Finding]) -> str:
    """One for each case, as every reader of JUnit takes it."""
    lines = [f"{f.place}:{f.line}: {f.message.strip()}{f' ({f.hint})' if f.hint else ''}" for f in found]
    told = found[0].message.strip() if len(found) == 1 else f"{len(found)} findings"
    return f"<failure message={quoteattr(_CONTROL.sub('?', told))}>{escape(_CONTROL.sub('?', chr(10).join(lines)))}</failure>"


def sarif(findings: Sequence[Finding], rules: Sequence[Rule]) -> str:
    import json as library

    results: list[dict[str, Any]] = [
        {
            "ruleId": f.rule,
            "level": f.severity,
            "message": {"text": f"{f.message}{' ' + f.hint if f.hint else ''}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(f.place)},
                        "region": {"startLine": max(1, f.line)},
                    }
                }
            ],
        }
        for f in findings
    ]
    described = [
        {"id": r.id, "shortDescription": {"text": r.summary}, "help": {"text": f"docs/rules.md#{r.id}"}} for r in rules
    ]
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "holdfast", "rules": described}}, "results": results}],
    }
    return library.dumps(document, indent=2)
