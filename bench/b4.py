"""B4, the render lane: many releases of a small chart, and an umbrella of a hundred subcharts.

    python bench/b4.py [--releases 1000] [--helm 20] [--processes 2]

Renders N releases (different names and values) of a chart with six templates in worker processes of ours, and beside it some
``helm template`` processes (as many at once as there are workers) where a helm is on PATH; then an umbrella of 100 subcharts
once; then all releases again unchanged, which must not render anything.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=int, default=1000)
    parser.add_argument("--helm", type=int, default=20, help="helm processes to measure (scaled to the releases)")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    args = parser.parse_args()
    seconds = ours(args.releases, args.processes)
    print(
        f"ours: {args.releases} releases in {seconds:.2f} s, {seconds / args.releases * 1000:.2f} ms each, {args.processes} processes"
    )
    helm = shutil.which("helm")
    if helm:
        scaled = theirs(helm, args.helm, args.processes) / args.helm * args.releases
        print(
            f"helm template: {scaled:.1f} s for as many (measured with {args.helm}); {scaled / seconds:.1f} times ours"
        )
    first, second = umbrella()
    print(f"umbrella of 100 subcharts: {first:.2f} s loaded and rendered, {second:.2f} s again")
    again, rendered = unchanged(args.releases)
    print(f"unchanged: {rendered} renders in {again:.2f} s")


if __name__ == "__main__":
    main()
