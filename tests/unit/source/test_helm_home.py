"""Helm's own files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.base.errors import HoldfastError
from holdfast.source.helm_home import Home, Repository, way_out
from tests.charts import Site, served


def home(top: Path, docker: str = "") -> Home:
    return Home(
        *(str(top / n) for n in ("registry", "repositories.yaml", "cache", "content")), (docker,) if docker else ()
    )


def test_repositories_are_read_with_what_helm_writes_about_them(tmp_path: Path) -> None:
    (tmp_path / "repositories.yaml").write_text(
        "apiVersion: ''\nrepositories:\n- {name: a, url: https://a, username: u, password: p, pass_credentials_all: true}\n- {name: b, url: ''}\n"
    )
    found = home(tmp_path)
    assert [r.name for r in found.repositories()] == ["a", "b"]
    assert found.named("a").access.header("https://other", "https://a")
    with pytest.raises(HoldfastError, match="no URL found for repository b"):
        found.named("b")


def test_without_a_file_there_are_no_repositories(tmp_path: Path) -> None:
    assert home(tmp_path).repositories() == []


def test_an_index_is_updated_whole_or_not_at_all(tmp_path: Path) -> None:
    site = Site()
    site.add("app", "1.0.0")
    found = home(tmp_path)
    with served(site):
        repository = Repository("me", site.url)
        found.update(repository)
        site.files["/index.yaml"] = b"<html>"
        with pytest.raises(HoldfastError):
            found.update(repository)
    with found.index("me") as index:
        assert list(index.names()) == ["app"]
    assert sorted(p.name for p in (tmp_path / "cache").iterdir()) == ["me-charts.txt", "me-index.yaml"]


def test_an_index_that_is_not_cached_is_told_in_the_words_of_the_system(tmp_path: Path) -> None:
    with (
        pytest.raises(HoldfastError, match=r"open .*/you-index\.yaml: no such file or directory"),
        home(tmp_path).index("you"),
    ):
        pass


def test_helms_logins_go_before_dockers(tmp_path: Path) -> None:
    docker = tmp_path / "config.json"
    docker.write_text(json.dumps({"auths": {"a": {"username": "docker"}, "b": {"username": "docker"}}}))
    (tmp_path / "registry").write_text(json.dumps({"auths": {"a": {"username": "helm"}}}))
    found = home(tmp_path, str(docker)).logins()
    assert [found["a"].username, found["b"].username] == ["helm", "docker"]


def test_a_certificate_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        HoldfastError, match=r"can't create TLS config for client: open .*/none: no such file or directory"
    ):
        way_out("", "", str(tmp_path / "none"))
