"""Paths: links, borders, and what lies outside."""

from __future__ import annotations

from typing import Any

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"


def test_a_file_outside_of_the_directory_is_refused_unless_allowed(repo: Any) -> None:
    repo.write("app/kustomization.yaml", "resources: [../c.yaml]\n").write("c.yaml", CM)
    assert "security; file '/c.yaml' is not in or below '/app'" in repo.fails("app")
    assert "name: c" in repo.build("app", load_restrictions="none")


def test_a_link_inside_of_the_directory_is_followed(repo: Any) -> None:
    repo.write("app/kustomization.yaml", "resources: [l.yaml]\n").write("app/real/c.yaml", CM)
    repo.link("app/l.yaml", "real/c.yaml")
    assert "name: c" in repo.build("app")


def test_a_link_out_of_the_directory_is_refused(repo: Any) -> None:
    repo.write("app/kustomization.yaml", "resources: [l.yaml]\n").write("c.yaml", CM).link("app/l.yaml", "../c.yaml")
    assert "is not in or below '/app'" in repo.fails("app")


def test_a_linked_directory_can_be_a_base(repo: Any) -> None:
    repo.write("app/kustomization.yaml", "resources: [base]\n").link("app/base", "../real")
    repo.write("real/kustomization.yaml", "resources: [c.yaml]\n").write("real/c.yaml", CM)
    assert "name: c" in repo.build("app")


def test_links_in_a_circle_end(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [a]\n").link("a", "b").link("b", "a")
    assert "too many links" in repo.fails()


def test_a_link_out_of_the_tree_is_refused(repo: Any) -> None:
    repo.write("kustomization.yaml", "resources: [a]\n").link("a", "../../etc/passwd")
    assert "is not in or below" in repo.fails()


def test_paths_in_messages_carry_the_display_root(repo: Any) -> None:
    repo.write("app/readme", "")
    assert repo.fails("app", display_root="/srv/repo").endswith("in directory '/srv/repo/app'")
