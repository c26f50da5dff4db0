"""Where Helm's files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.app.helm_home import helm_home


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("HELM_", "XDG_", "DOCKER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr("sys.platform", "linux")


def test_the_platforms_places_come_last() -> None:
    found = helm_home()
    assert found.repository_config == "/home/me/.config/helm/repositories.yaml"
    assert found.repository_cache == "/home/me/.cache/helm/repository"
    assert found.docker_configs == ("/home/me/.docker/config.json",)


def test_flags_go_before_variables_and_these_before_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert helm_home().content_cache == "/xdg/helm/content"
    monkeypatch.setenv("HELM_CACHE_HOME", "/helm")
    assert helm_home().content_cache == "/helm/content"
    monkeypatch.setenv("HELM_CONTENT_CACHE", "/content")
    assert helm_home().content_cache == "/content"
    assert helm_home({"content-cache": "/flag", "registry-config": ""}).content_cache == "/flag"


def test_a_mac_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert Path(helm_home().registry_config) == Path("/home/me/Library/Preferences/helm/registry/config.json")
