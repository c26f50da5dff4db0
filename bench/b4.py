"""B4, the render lane: many releases of a small chart, and an umbrella of a hundred subcharts.

    python -m bench b4 [--releases 1000] [--helm 20] [--processes 2]

Renders N releases (different names and values) of a chart with six templates in worker processes of ours, and beside it some
``helm template`` processes (as many at once as there are workers) where a helm is on PATH; then an umbrella of 100 subcharts
once; then all releases again unchanged, which must not render anything; then one chart and all charts of a large index.yaml.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from holdfast.base.tree import MemoryTree
from holdfast.helm.cache import RenderCache
from holdfast.helm.chart.load import load_chart
from holdfast.helm.engine import ReleaseOptions, render

_LABELS = '{{- include "app.labels" . | nindent 4 }}'
_HELPERS = """{{- define "app.name" -}}{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}{{- end }}
{{- define "app.fullname" -}}{{ printf "%s-%s" .Release.Name (include "app.name" .) | trunc 63 | trimSuffix "-" }}{{- end }}
{{- define "app.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ include "app.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}
"""


def _resource(api: str, kind: str, body: str) -> str:
    return (
        f'apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {{{{ include "app.fullname" . }}}}\n'
        f"  labels:\n    {_LABELS}\n{body}"
    )


_DEPLOYMENT = """spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ include "app.name" . }}
  template:
    metadata:
      annotations:
        checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
      labels:
        {{- include "app.labels" . | nindent 8 }}
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          {{- with .Values.env }}
          env:
            {{- range $name, $value := . }}
            - name: {{ $name | upper }}
              value: {{ tpl $value $ | quote }}
            {{- end }}
          {{- end }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
"""

TEMPLATES = {
    "_helpers.tpl": _HELPERS,
    "serviceaccount.yaml": "{{- if .Values.serviceAccount }}\n" + _resource("v1", "ServiceAccount", "") + "{{- end }}\n",
    "configmap.yaml": _resource("v1", "ConfigMap", "data:\n  {{- range $k, $v := .Values.config }}\n  {{ $k }}: {{ $v | quote }}\n  {{- end }}\n"),
    "secret.yaml": _resource("v1", "Secret", "data:\n  password: {{ .Values.password | b64enc }}\n"),
    "service.yaml": _resource("v1", "Service", "spec:\n  ports:\n    - port: {{ .Values.port }}\n  selector:\n    app: {{ include \"app.name\" . }}\n"),
    "deployment.yaml": _resource("apps/v1", "Deployment", _DEPLOYMENT),
    "ingress.yaml": _resource("networking.k8s.io/v1", "Ingress", "spec:\n  rules:\n  {{- range .Values.hosts }}\n    - host: {{ . | quote }}\n  {{- end }}\n"),
}  # fmt: skip
VALUES = {
    "replicas": 1, "image": {"repository": "registry.example/app", "tag": ""}, "port": 80, "hosts": ["a.example", "b.example"],
    "config": {f"key{i}": f"value {i}" for i in range(10)}, "env": {"release": "{{ .Release.Name }}", "mode": "plain"}, "password": "secret",
    "resources": {"limits": {"cpu": "100m", "memory": "128Mi"}, "requests": {"cpu": "10m", "memory": "64Mi"}}, "serviceAccount": True,
    "labels": {"team": "a"}, "nameOverride": "",
}  # fmt: skip


def chart_files(name: str = "app", children: int = 0) -> dict[str, bytes]:
    files = {f"templates/{n}": t.encode() for n, t in TEMPLATES.items()}
    files["Chart.yaml"] = f'apiVersion: v2\nname: {name}\nversion: 1.2.3\nappVersion: "4.5"\n'.encode()
    files["values.yaml"] = json.dumps(VALUES).encode()
    for i in range(children):
        files.update({f"charts/sub{i}/{p}": d for p, d in chart_files(f"sub{i}").items()})
    return files


def _values(i: int) -> dict[str, object]:
    return {"replicas": float(i % 5), "image": {"tag": f"v{i}"}, "config": {"index": str(i)}}


def _batch(numbers: range) -> int:
    chart = load_chart(MemoryTree(chart_files()))
    return sum(len(render(chart, _values(i), ReleaseOptions(f"rel-{i}")).manifests) for i in numbers)


def ours(releases: int, processes: int) -> float:
    start = time.perf_counter()
    parts = [range(p, releases, processes) for p in range(processes)]
    with ProcessPoolExecutor(processes) as pool:
        assert sum(pool.map(_batch, parts)) == releases * 6
    return time.perf_counter() - start


def theirs(helm: str, releases: int, processes: int) -> float:
    with tempfile.TemporaryDirectory() as top:
        for path, data in chart_files().items():
            target = Path(top, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

        def one(i: int) -> None:
            words = [helm, "template", f"rel-{i}", top, "--set-json", json.dumps(_values(i))]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        start = time.perf_counter()
        with ThreadPoolExecutor(processes) as pool:
            list(pool.map(one, range(releases)))
        return time.perf_counter() - start


def umbrella() -> tuple[float, float]:
    """(first render with loading, second render)."""
    start = time.perf_counter()
    chart = load_chart(MemoryTree(chart_files("umbrella", 100)))
    assert len(render(chart, {}, ReleaseOptions("rel")).manifests) == 606
    first = time.perf_counter() - start
    start = time.perf_counter()
    render(chart, {}, ReleaseOptions("rel2"))
    return first, time.perf_counter() - start


def unchanged(releases: int) -> tuple[float, int]:
    """All releases twice through a cache: the seconds of the second time, and how many were rendered in it."""
    cache, chart = RenderCache(), load_chart(MemoryTree(chart_files()))
    for i in range(releases):
        cache.render(chart, _values(i), ReleaseOptions(f"rel-{i}"))
    before, start = cache.renders, time.perf_counter()
    for i in range(releases):
        cache.render(chart, _values(i), ReleaseOptions(f"rel-{i}"))
    return time.perf_counter() - start, cache.renders - before


def index(charts: int, versions: int) -> tuple[int, float, float, int]:
    """An index.yaml of a repository: its size, seconds for one chart's versions, seconds for all of it as JSON, and the memory
    that took, in MiB beside the interpreter's own."""
    program = f"""
import json, sys, time
from pathlib import Path
from holdfast.source.helm_index import index_pieces
from holdfast.source.helm_repository import choose, opened
def own():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith(("RssAnon", "VmRSS")) and "Anon" in l)
before, start = own(), time.perf_counter()
with opened(sys.argv[1]) as index:
    choose(index, "chart-{charts // 2}", ">1")
    one, start = time.perf_counter() - start, time.perf_counter()
    with open(sys.argv[1] + ".json", "wb") as file:
        file.writelines(index_pieces(index))
print(json.dumps([one, time.perf_counter() - start, (own() - before) // 1024]))
"""
    with tempfile.TemporaryDirectory() as top:
        path = Path(top, "index.yaml")
        with path.open("w") as file:
            file.write("apiVersion: v1\nentries:\n")
            for c in range(charts):
                file.write(f"  chart-{c}:\n" + "".join(_entry(f"chart-{c}", v) for v in range(versions)))
        done = subprocess.run([sys.executable, "-c", program, str(path)], check=True, capture_output=True, text=True)
        one, whole, memory = json.loads(done.stdout)
        return path.stat().st_size, one, whole, memory


def _entry(name: str, version: int) -> str:
    digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
    return (
        f'  - apiVersion: v2\n    appVersion: 1.{version}.0\n    created: "2026-01-02T03:04:05.{version:09d}Z"\n'
        f"    annotations:\n      category: Infrastructure\n      licenses: Apache-2.0\n    dependencies:\n    - name: common\n"
        f"      repository: https://charts.example.com/common\n      version: 2.x.x\n    description: What {name} does, told at some"
        f" length as authors of charts do.\n    digest: {digest}\n    home: https://example.com/{name}\n    keywords:\n    - some\n"
        f"    - words\n    maintainers:\n    - name: Somebody\n      url: https://example.com/who\n    name: {name}\n    urls:\n"
        f"    - https://charts.example.com/{name}-{version}.0.0.tgz\n    version: {version}.0.0\n"
    )


def main(argv: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=int, default=1000)
    parser.add_argument("--helm", type=int, default=20, help="helm processes to measure (scaled to the releases)")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument(
        "--index", type=int, default=1000, help="charts in the index of a repository, of 90 versions each"
    )
    args = parser.parse_args(argv)
    seconds = ours(args.releases, args.processes)
    print(
        f"ours: {args.releases} releases in {seconds:.2f} s, {seconds / args.releases * 1000:.2f} ms each, {args.processes} processes"
    )
    helm, scaled = shutil.which("helm"), 0.0
    if helm:
        scaled = theirs(helm, args.helm, args.processes) / args.helm * args.releases
        print(
            f"helm template: {scaled:.1f} s for as many (measured with {args.helm}); {scaled / seconds:.1f} times ours"
        )
    first, second = umbrella()
    print(f"umbrella of 100 subcharts: {first:.2f} s loaded and rendered, {second:.2f} s again")
    again, rendered = unchanged(args.releases)
    print(f"unchanged: {rendered} renders in {again:.2f} s")
    size, one, whole, memory = index(args.index, 90)
    print(f"index of {size >> 20} MiB: one chart in {one:.2f} s, all of it in {whole:.1f} s and {memory} MiB")
    found = {
        "id": "B4",
        "releases": args.releases,
        "seconds": seconds,
        "helm": scaled,
        "umbrella": first,
        "unchanged": rendered,
    }
    print(
        json.dumps({**found, "index_mib": size >> 20, "index_one": one, "index_all": whole, "index_memory_mib": memory})
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
