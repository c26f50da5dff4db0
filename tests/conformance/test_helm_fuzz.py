"""Random templates over random values, rendered by us and by the ``helm`` on PATH.

``HELM_FUZZ_CASES`` says how many (default 60), ``HELM_FUZZ_SEED`` where they start. Skipped where there is no helm.
Functions whose result is random, of the clock or of the map's order are left out.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from holdfast.base.tree import DiskTree
from holdfast.helm import HelmError, ReleaseOptions, load_chart, render
from holdfast.helm.funcs.table import FUNCTIONS

HELM = shutil.which("helm")
CASES = int(os.environ.get("HELM_FUZZ_CASES", "60"))
SEED = int(os.environ.get("HELM_FUZZ_SEED", "0"))

VALUES = {
    "s": "hello World", "e": "", "i": 5, "z": 0, "n": -3, "f": 1.5, "t": True, "no": False, "nul": None, "l": [3, "b", 1.5, True, None],
    "ls": ["b", "a", "c", "a"], "el": [], "m": {"a": 1, "b": {"c": "deep", "l": [1, 2]}, "x-y": "z"}, "em": {}, "num": "42", "ver": "1.2.3-rc.1",
    "uni": "héllo ☃", "ml": "one\ntwo: x\n\nthree ", "yaml": "a: 1\nb: [x, 'y']\n", "big": 12345678, "path": "/a/b/../c.tar.gz",
}  # fmt: skip
_SKIP = {
    "include", "tpl", "lookup", "getHostByName", "now", "ago", "date", "dateInZone", "date_in_zone", "htmlDate", "htmlDateInZone", "durationRound",
    "uuidv4", "shuffle", "bcrypt", "htpasswd", "keys", "values", "call", "encryptAES", "buildCustomCert", "and", "or", "derivePassword", "toDate",
    "mustToDate", "set", "unset", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite", "repeat", "until", "untilStep", "seq", "fail",
}  # fmt: skip
NAMES = sorted(n for n in FUNCTIONS if n not in _SKIP and not n.startswith(("rand", "gen")))
LITERALS = {
    "string": ['"a"', '"Hello World"', '"1.2.3"', '">=1.2"', '"a,b"', '""', '"2006-01-02"', '"[a-c]+"', '"é"', "`x y`", '"a/b.c"', '"1h30m"'],
    "int": ["0", "1", "3", "-1", "12", "100"],
    "float64": ["0.5", "1.0"],
    "bool": ["true", "false"],
    "[]interface {}": ["(list)", '(list 1 "b")'],
    "map[string]interface {}": ["(dict)", '(dict "k" "v" "n" 1)', ".Values.m"],
    "any": [
        *(f".Values.{k}" for k in VALUES), "1", "2.5", '"t"', "true", "nil", "(list 1 2)", '(dict "k" "v")', "(int64 7)", "(until 3)",
        '(splitList "," "x,y")', ".Values.m.b.c", ".Values.nope", "(semver \"1.2.3\")", "0x1F", "'c'", "(first .Values.l)", ".Chart.Name",
    ],
}  # fmt: skip


class Maker:
    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)

    def argument(self, typ: str, depth: int) -> str:
        r = self.r
        if depth < 2 and r.random() < 0.2:
            return f"({self.call(depth + 1)})"
        if r.random() < 0.12:
            typ = "any"
        return r.choice(LITERALS.get(typ, LITERALS["any"]))

    def call(self, depth: int = 0) -> str:
        found = FUNCTIONS[self.r.choice(NAMES)]
        params = list(found.params)
        if found.variadic:
            params = params[:-1] + [params[-1]] * self.r.randint(0, 3)
        if self.r.random() < 0.03:
            params.append("any")
        args = [self.argument("any" if p == "rv" else p, depth) for p in params]
        if args and self.r.random() < 0.3:
            *args, last = args
            return " ".join([last, "|", found.name, *args])
        return " ".join([found.name, *args])

    def statement(self) -> str:
        r = self.r
        kind = r.randrange(8)
        if kind == 0:
            return f"{{{{ if {self.call(1)} }}}}Y{{{{ else }}}}N{{{{ end }}}}"
        if kind == 1:
            return f"{{{{ range $i, $e := {self.argument('any', 0)} }}}}{{{{ $i }}}}={{{{ $e }}}};{{{{ else }}}}none{{{{ end }}}}"
        if kind == 2:
            return f"{{{{ with {self.argument('any', 0)} }}}}{{{{ . }}}}{{{{ typeOf . }}}}{{{{ end }}}}"
        if kind == 3:
            return f"{{{{- printf {r.choice(['%v', '%d', '%q', '%s', '%5.1f', '%x', '%+v', '%T', '%#v', '%-8v|', '%08d', '%t'])!r} {self.argument('any', 0)} }}}}".replace(
                "'", '"'
            )
        if kind == 4:
            return f"{{{{ $v := {self.call()} }}}}{{{{ $v }}}} {{{{ kindOf $v }}}}"
        return f"{{{{ {self.call()} }}}}"

    def template(self) -> str:
        return "\n".join(self.statement() for _ in range(self.r.randint(1, 2)))


def write_chart(top: Path, template: str) -> None:
    (top / "templates").mkdir(exist_ok=True)
    (top / "Chart.yaml").write_text('apiVersion: v2\nname: case\nversion: 0.1.0\nappVersion: "1.0"\n')
    (top / "values.yaml").write_text(json.dumps(VALUES))
    (top / "templates/_case.tpl").write_text(template)
    (top / "templates/cm.yaml").write_text('out: {{ include "case/templates/_case.tpl" . | b64enc | quote }}\n')


def theirs(helm: str, top: Path) -> tuple[bool, str]:
    done = subprocess.run([helm, "template", "rel", str(top)], capture_output=True, text=True, check=False)
    if done.returncode:
        text = done.stderr.removeprefix("Error: ").replace("Use --debug flag to render out invalid YAML", "").strip()
        return False, text
    return True, done.stdout.strip().removeprefix("---\n# Source: case/templates/cm.yaml\n")


def ours(top: Path) -> tuple[bool, str]:
    try:
        found = render(load_chart(DiskTree(str(top))), {}, ReleaseOptions("rel"))
    except HelmError as fault:
        return False, fault.message.strip()
    return True, "".join(m.text for m in found.manifests).strip()


@pytest.mark.skipif(HELM is None, reason="no helm on PATH")
@pytest.mark.parametrize("number", range(SEED, SEED + CASES))
def test_a_random_template_renders_as_helm_renders_it(number: int, tmp_path: Path) -> None:
    assert HELM is not None
    template = Maker(number).template()
    write_chart(tmp_path, template)
    assert ours(tmp_path) == theirs(HELM, tmp_path), template
