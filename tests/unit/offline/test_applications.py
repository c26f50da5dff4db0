"""Argo CD's units of whole repositories, found and rendered without a cluster."""

from __future__ import annotations

from holdfast.base.tree import MemoryTree
from holdfast.offline.applications import Applications
from holdfast.offline.diff import diff
from holdfast.offline.survey import Options, Survey, Unit, survey
from holdfast.offline.unit import World

REPO = "https://git.example/org/repo.git"


def application(name: str, source: str, namespace: str = "argocd", destination: str = "prod") -> str:
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  project: default
  {source}
  destination: {{server: https://kubernetes.default.svc, namespace: {destination}}}
"""


def here(path: str, more: str = "") -> str:
    return f"source: {{repoURL: '{REPO}', path: '{path}', targetRevision: HEAD{more}}}"


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: v}\n"
CHART = {
    "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
    "charts/db/templates/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {size: '{{ .Values.size }}'}\n",
}


def one(files: dict[str, str]) -> Survey:
    (found,) = survey(MemoryTree({p: t.encode() for p, t in files.items()}))
    return found


def unit(found: Survey, name: str) -> Unit:
    return next(u for k, u in found.units.items() if k.name == name)


def test_an_application_of_applications_is_followed() -> None:
    found = one(
        {
            "root.yaml": application("root", here("apps"), destination="argocd"),
            "apps/web.yaml": application("web", here("web")),
            "web/c.yaml": CONFIG,
        }
    )
    assert [(k.name, u.parent.name if u.parent else None) for k, u in found.units.items()] == [
        ("root", None),
        ("web", "root"),
    ]
    (config,) = unit(found, "web").rendered.objects  # type: ignore[union-attr]
    assert config["metadata"] == {"name": "c", "namespace": "prod"}


def test_a_chart_of_the_repository_takes_values_from_files_and_the_application() -> None:
    more = ", helm: {valueFiles: [prod.yaml], valuesObject: {size: 3}}"
    found = one({"app.yaml": application("db", here("charts/db", more)), **CHART, "charts/db/prod.yaml": "size: 1\n"})
    (config,) = unit(found, "db").rendered.objects  # type: ignore[union-attr]
    assert (config["metadata"]["name"], config["data"]) == ("db", {"size": "3"})


def test_values_of_one_source_may_stand_in_another() -> None:
    sources = f"sources: [{{repoURL: '{REPO}', ref: values}}, {{repoURL: '{REPO}', path: charts/db, helm: {{valueFiles: [$values/env/dev.yaml]}}}}]"
    found = one({"app.yaml": application("db", sources), **CHART, "env/dev.yaml": "size: 7\n"})
    assert unit(found, "db").rendered.objects[0]["data"] == {"size": "7"}  # type: ignore[union-attr]


def test_what_is_not_at_hand_is_told_and_is_no_mistake() -> None:
    found = one(
        {
            "a.yaml": application(
                "chart", "source: {repoURL: https://charts.example, chart: redis, targetRevision: 1.0.0}"
            ),
            "b.yaml": application("other", "source: {repoURL: https://git.example/other.git, path: gone}"),
            "c.yaml": application("wrong", here("gone")),
            "d.yaml": application("right", here("web")),
            "web/c.yaml": CONFIG,
        }
    )
    assert (unit(found, "chart").problem, unit(found, "chart").external) == (
        "chart redis 1.0.0 from https://charts.example is not in this repository",
        True,
    )
    assert (unit(found, "other").problem, unit(found, "other").external) == (
        "its source https://git.example/other.git is not in this repository",
        True,
    )
    assert (unit(found, "wrong").problem, unit(found, "wrong").external) == ("gone: app path does not exist", False)


def application_set(generators: str, name: str, path: str = "web", options: str = "goTemplate: true") -> str:
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: s, namespace: argocd}}
spec:
  {options}
  generators: {generators}
  template:
    metadata: {{name: '{name}'}}
    spec:
      project: default
      {here(path)}
      destination: {{server: https://kubernetes.default.svc, namespace: n}}
"""


def test_sets_are_evaluated_on_the_repository() -> None:
    git = f"{{git: {{repoURL: '{REPO}', revision: HEAD, directories: [{{path: apps/*}}]}}}}"
    files = f"{{git: {{repoURL: '{REPO}', revision: HEAD, files: [{{path: env/*.yaml}}]}}}}"
    found = one(
        {
            "set.yaml": application_set(
                f"[{{matrix: {{generators: [{git}, {files}]}}}}]", "{{ .path.basename }}-{{ .env }}", "{{ .path.path }}"
            ),
            "apps/web/c.yaml": CONFIG,
            "apps/api/c.yaml": CONFIG,
            "env/dev.yaml": "env: dev\n",
        }
    )
    assert [k.name for k in found.units] == ["s", "api-dev", "web-dev"]
    assert all(u.rendered for u in found.units.values())


def test_clusters_are_those_whose_secrets_stand_in_the_repository() -> None:
    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: eu, namespace: argocd, labels: {argocd.argoproj.io/secret-type: cluster, env: dev}}\n"
        "stringData: {name: eu, server: https://eu}\n"
    )
    found = one(
        {
            "set.yaml": application_set("[{clusters: {selector: {matchLabels: {env: dev}}}}]", "on-{{ .name }}"),
            "clusters/eu.yaml": secret,
            "web/c.yaml": CONFIG,
        }
    )
    assert [k.name for k in found.units] == ["s", "on-eu"]


def test_a_set_that_asks_others_is_not_rendered_and_says_so() -> None:
    pulls = one({"set.yaml": application_set("[{pullRequest: {github: {owner: o, repo: r}}}]", "x")})
    assert unit(pulls, "s").problem == "its generators need answers of another system, which is not in this repository"
    git = one(
        {
            "set.yaml": application_set(
                "[{git: {repoURL: https://other, revision: HEAD, directories: [{path: '*'}]}}]", "x"
            )
        }
    )
    assert (unit(git, "s").problem, unit(git, "s").external) == (
        "its generators need the repository https://other, which is not in this repository",
        True,
    )


def test_a_mistake_in_a_template_is_a_mistake_of_the_repository() -> None:
    found = one(
        {
            "set.yaml": application_set(
                "[{list: {elements: [{a: b}]}}]",
                "{{ .no }}",
                options="goTemplate: true\n  goTemplateOptions: [missingkey=error]",
            )
        }
    )
    assert not unit(found, "s").external
    assert unit(found, "s").problem.endswith('map has no entry for key "no"')


def test_fields_of_the_wrong_type_are_told() -> None:
    found = one(
        {"a.yaml": application("a", "source: {repoURL: 1, path: {x: y}, helm: 3}"), "s.yaml": application_set("3", "x")}
    )
    assert all(u.problem for u in found.units.values())


def test_a_chart_whose_values_stand_elsewhere_covers_no_directory_alone() -> None:
    files = {
        "in.yaml": application("in", here("charts/db", ", helm: {valueFiles: [prod.yaml]}")),
        "out.yaml": application("out", here("charts/db", ", helm: {valueFiles: [../../env/dev.yaml]}")),
        "env/dev.yaml": "size: 7\n",
        "charts/db/prod.yaml": "size: 1\n",
        **CHART,
    }
    found = one(files)
    world = World(found, Options())
    assert [Applications().covers(unit(found, n).object, world) for n in ("in", "out")] == ["charts/db", None]


def test_what_a_change_does_is_told_for_sets_and_what_they_make() -> None:
    before = {
        "set.yaml": application_set(
            f"[{{git: {{repoURL: '{REPO}', revision: HEAD, directories: [{{path: apps/*}}]}}}}]",
            "{{ .path.basename }}",
            "{{ .path.path }}",
        ),
        "apps/web/c.yaml": CONFIG,
        "apps/api/c.yaml": CONFIG,
    }
    after = {**before, "apps/web/c.yaml": CONFIG.replace("k: v", "k: w"), "apps/new/c.yaml": CONFIG}
    trees = [MemoryTree({p: t.encode() for p, t in files.items()}) for files in (before, after)]
    found = {d.key.name: [f"{c.kind.value} {c.ref.kind}/{c.ref.name}" for c in d.changes] for d in diff(*trees)}
    assert found == {"s": ["added Application/new"], "web": ["changed ConfigMap/c"], "new": ["added ConfigMap/c"]}
