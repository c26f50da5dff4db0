"""GitStore against real repositories made with git itself, over files and over smart HTTP."""

from __future__ import annotations

import os
import subprocess
import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pygit2
import pytest

from holdfast.base.tree import walk
from holdfast.model.source import Credentials, GitRef, GitSpec
from holdfast.source.artifact import digest, tarball
from holdfast.source.git import GitError, GitInputError, GitStore

ENV = {
    **os.environ,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class Repo:
    """A work tree to commit in and its bare twin to serve."""

    def __init__(self, root: Path) -> None:
        self.work, self.bare = root / "work", root / "srv" / "app.git"
        self.bare.parent.mkdir(parents=True)
        self.work.mkdir()
        self.git("init", "-q", "-b", "main", ".")
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.bare)], env=ENV, check=True)
        subprocess.run(["git", "config", "uploadpack.allowAnySHA1InWant", "true"], cwd=self.bare, check=True)

    def git(self, *args: str) -> str:
        done = subprocess.run(["git", *args], cwd=self.work, env=ENV, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None], *, tag: str = "", message: str = "change") -> str:
        for path, text in files.items():
            target = self.work / path
            if text is None:
                target.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        if tag:
            self.git("tag", "-a", tag, "-m", tag)
        self.git("push", "-q", "--force", "--tags", str(self.bare), "HEAD")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> GitStore:
    return GitStore(str(tmp_path / "mirrors"))


class _GitHTTP(BaseHTTPRequestHandler):
    """Smart HTTP through ``git http-backend``; asks for a password or a token when the server has one set."""

    root = ""
    accepted: tuple[str, ...] = ()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        if self.accepted and self.headers.get("Authorization") not in self.accepted:
            self._answer(401, b"who are you?\n", [("WWW-Authenticate", 'Basic realm="git"')])
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        env = {
            **ENV,
            "GIT_PROJECT_ROOT": self.root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
        }
        out = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=False).stdout
        head, _, data = out.partition(b"\r\n\r\n")
        pairs = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(v.split()[0]) for k, v in pairs if k.lower() == "status"), 200)
        self._answer(status, data, [(k, v) for k, v in pairs if k.lower() != "status"])

    def _answer(self, status: int, data: bytes, headers: list[tuple[str, str]]) -> None:
        self.send_response(status)
        for k, v in headers:
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def http(repo: Repo) -> Iterator[tuple[str, type[_GitHTTP]]]:
    handler = type("Handler", (_GitHTTP,), {"root": str(repo.bare.parent), "accepted": ()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/app.git", handler
    server.shutdown()
    server.server_close()
    thread.join()


def files(store: GitStore, spec: GitSpec) -> dict[str, str]:
    tree = store.fetch(spec).tree
    return {path: tree.read(path).decode() for path, _ in walk(tree)}


def test_a_branch_follows_its_commits_and_names_the_revision_as_flux_does(repo: Repo, store: GitStore) -> None:
    first = repo.commit({"a.yaml": "a: 1\n", "dir/b.yaml": "b: 1\n"}, message="one\n\nbody")
    spec = GitSpec(str(repo.bare), GitRef(branch="main"))
    snapshot = store.fetch(spec)
    assert snapshot.revision == f"main@sha1:{first}"
    assert snapshot.commit is not None and snapshot.commit.message.startswith("one\n")
    assert files(store, spec) == {"a.yaml": "a: 1\n", "dir/b.yaml": "b: 1\n"}
    second = repo.commit({"a.yaml": "a: 2\n"})
    again = store.fetch(spec)
    assert again.revision == f"main@sha1:{second}" and again.tree.read("a.yaml") == b"a: 2\n"
    assert again.identity != snapshot.identity


def test_an_empty_commit_changes_the_revision_but_not_the_identity(repo: Repo, store: GitStore) -> None:
    repo.commit({"a.yaml": "a: 1\n"})
    spec = GitSpec(str(repo.bare), GitRef(branch="main"))
    one = store.fetch(spec)
    repo.commit({}, message="nothing")
    two = store.fetch(spec)
    assert one.revision != two.revision and one.identity == two.identity
    assert digest(tarball(one.tree)) == digest(tarball(two.tree))


def test_a_force_push_is_followed(repo: Repo, store: GitStore, http: tuple[str, type[_GitHTTP]]) -> None:
    repo.commit({"a.yaml": "a: 1\n"})
    repo.commit({"a.yaml": "a: 2\n"})
    spec = GitSpec(http[0], GitRef(branch="main"))
    assert store.fetch(spec).tree.read("a.yaml") == b"a: 2\n"
    repo.git("reset", "-q", "--hard", "HEAD~1")
    rewritten = repo.commit({"a.yaml": "a: 3\n"})
    assert store.fetch(spec).revision == f"main@sha1:{rewritten}"
    assert store.fetch(spec).tree.read("a.yaml") == b"a: 3\n"


@pytest.mark.parametrize(
    ("ref", "label"),
    [
        (GitRef(tag="v1.0.0"), "v1.0.0"),
        (GitRef(semver=">=1.0.0"), "v1.2.0"),
        (GitRef(semver="~1.0"), "v1.0.0"),
        (GitRef(name="refs/tags/v1.0.0"), "refs/tags/v1.0.0"),
        (GitRef(tag="v1.0.0", semver=">=1.0.0"), "v1.0.0"),
        (GitRef(branch="main", semver=">=1.0.0"), "v1.2.0"),
    ],
    ids=lambda v: str(v),
)
def test_references_are_chosen_by_precedence(repo: Repo, store: GitStore, ref: GitRef, label: str) -> None:
    tags = {
        "v1.0.0": repo.commit({"a": "1"}, tag="v1.0.0"),
        "v1.2.0": repo.commit({"a": "2"}, tag="v1.2.0"),
    }
    repo.commit({"a": "3"}, tag="v2.0.0-rc.1")
    repo.commit({"a": "4"}, tag="other")
    wanted = tags[label.removeprefix("refs/tags/")]
    assert store.fetch(GitSpec(str(repo.bare), ref)).revision == f"{label}@sha1:{wanted}"


def test_links_are_left_out(repo: Repo, store: GitStore) -> None:
    (repo.work / "link.yaml").symlink_to("a.yaml")
    (repo.work / "dir").symlink_to("d")
    repo.commit({"a.yaml": "a: 1", "d/b.yaml": "b: 1"})
    tree = store.fetch(GitSpec(str(repo.bare), GitRef(branch="main"))).tree
    assert {p for p, _ in walk(tree)} == {"a.yaml", "d/b.yaml"}
    assert tree.lookup("link.yaml") is None and tree.lookup("dir/b.yaml") is None
    with pytest.raises(FileNotFoundError):
        tree.read("link.yaml")
    kept = store.fetch(GitSpec(str(repo.bare), GitRef(branch="main"), links=True)).tree
    assert kept.lookup("link.yaml") is not None


def test_of_equal_versions_the_one_committed_last_wins(
    repo: Repo, store: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENV, "GIT_COMMITTER_DATE", "2024-01-01T00:00:00Z")
    repo.commit({"a": "1"}, tag="v1.0.0+zzz")
    monkeypatch.setitem(ENV, "GIT_COMMITTER_DATE", "2024-01-02T00:00:00Z")
    last = repo.commit({"a": "2"}, tag="1.0.0+aaa")
    found = store.fetch(GitSpec(str(repo.bare), GitRef(semver="1.x"))).revision
    assert found == f"1.0.0+aaa@sha1:{last}"


def test_a_commit_is_found_with_and_without_its_branch(
    repo: Repo, store: GitStore, http: tuple[str, type[_GitHTTP]]
) -> None:
    old = repo.commit({"a": "1"})
    repo.commit({"a": "2"})
    store.fetch(GitSpec(http[0], GitRef(branch="main")))  # a shallow mirror that lacks the old commit
    assert store.fetch(GitSpec(http[0], GitRef(branch="main", commit=old))).revision == f"main@sha1:{old}"
    assert store.fetch(GitSpec(http[0], GitRef(commit=old))).revision == f"sha1:{old}"


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        (GitRef(branch="dev"), "unable to clone '{url}': couldn't find remote ref \"refs/heads/dev\""),
        (GitRef(), "unable to clone '{url}': couldn't find remote ref \"refs/heads/master\""),
        (GitRef(tag="v9"), "unable to clone '{url}': couldn't find remote ref \"refs/tags/v9\""),
        (GitRef(semver=">=7"), "no match found for semver: >=7"),
        (GitRef(semver="one"), 'semver parse error: improper constraint: "one"'),
        (GitRef(name="refs/heads/none"), "unable to resolve ref 'refs/heads/none' to a specific commit"),
        (GitRef(commit="nonsense"), "unable to resolve commit object for 'nonsense': object not found"),
        (GitRef(commit="0" * 40), f"unable to resolve commit object for '{'0' * 40}': object not found"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_what_is_not_there_is_told_as_flux_tells_it(repo: Repo, store: GitStore, ref: GitRef, text: str) -> None:
    repo.commit({"a": "1"}, tag="v1.0.0")
    url = str(repo.bare)
    with pytest.raises(GitError) as caught:
        store.fetch(GitSpec(url, ref))
    assert caught.value.message == text.format(url=url)


@pytest.mark.parametrize(
    ("ref", "known", "text"),
    [
        (GitRef(branch="main"), False, "git repository is empty"),
        (GitRef(branch="main"), True, "unable to list remote for '{url}': remote repository is empty"),
        (GitRef(tag="v1"), False, "unable to clone: remote repository is empty: git repository: '{url}'"),
        (GitRef(name="refs/heads/main"), False, "unable to list remote for '{url}': remote repository is empty"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_an_empty_remote_is_told(tmp_path: Path, store: GitStore, ref: GitRef, known: bool, text: str) -> None:
    url = str(tmp_path / "empty.git")
    pygit2.init_repository(url, bare=True)
    with pytest.raises(GitError) as caught:
        store.fetch(GitSpec(url, ref), known=known)
    assert caught.value.message == text.format(url=url)


def test_a_key_that_is_none_is_told_before_anybody_is_asked(store: GitStore) -> None:
    credentials = Credentials(identity="nonsense", known_hosts="x")
    with pytest.raises(GitError, match=r"^unable to construct auth method with options: ssh: no key found$"):
        store.fetch(GitSpec("ssh://git@127.0.0.1:1/x", GitRef(branch="main")), credentials)


def test_http_errors_carry_the_servers_words(repo: Repo, store: GitStore, http: tuple[str, type[_GitHTTP]]) -> None:
    url, handler = http
    repo.commit({"a": "1"})
    handler.accepted = ("Bearer sesame", "Basic dTpw")
    spec = GitSpec(url, GitRef(branch="main"))
    with pytest.raises(GitError, match=r"^unable to clone '.*': authentication required: who are you"):
        store.fetch(spec, Credentials(username="u", password="wrong"))
    assert store.fetch(spec, Credentials(username="u", password="p")).revision.startswith("main@sha1:")
    assert store.fetch(spec, Credentials(bearer_token="sesame")).revision.startswith("main@sha1:")
    handler.accepted = ()
    with pytest.raises(GitError, match="repository not found: "):
        store.fetch(GitSpec(url.replace("app", "nope"), GitRef(branch="main")))
    with pytest.raises(
        GitError, match=r'list remote for .*: Get ".*": dial tcp 127.0.0.1:1: connect: connection refused'
    ):
        store.fetch(GitSpec("http://127.0.0.1:1/app.git", GitRef(branch="main")), known=True)


def test_a_missing_local_repository_is_an_error(tmp_path: Path, store: GitStore) -> None:
    with pytest.raises(GitError, match="repository not found"):
        store.fetch(GitSpec(str(tmp_path / "nope"), GitRef(branch="main")))


def test_default_exclusions_hold_until_somebody_writes_a_pattern(repo: Repo, store: GitStore) -> None:
    repo.commit({"a.yaml": "a", "pic.png": "x", ".github/ci.yaml": "x", "sub/.sops.yaml": "x", ".gitignore": "x"})
    url = str(repo.bare)
    assert set(files(store, GitSpec(url, GitRef(branch="main")))) == {"a.yaml"}
    everything = {"a.yaml", "pic.png", ".github/ci.yaml", "sub/.sops.yaml"}
    assert set(files(store, GitSpec(url, GitRef(branch="main"), ignore=""))) == everything
    only = GitSpec(url, GitRef(branch="main"), ignore="/*\n!/sub\n")
    assert set(files(store, only)) == {"sub/.sops.yaml"}


def test_a_nested_sourceignore_holds_under_its_directory(repo: Repo, store: GitStore) -> None:
    repo.commit({"x.txt": "1", "sub/x.txt": "1", "sub/y.txt": "1", "sub/.sourceignore": "x.txt\n"})
    assert set(files(store, GitSpec(str(repo.bare), GitRef(branch="main")))) == {
        "x.txt",
        "sub/y.txt",
        "sub/.sourceignore",
    }


@pytest.mark.parametrize(
    ("sparse", "shown"),
    [
        (("./a", "b/c/"), {"a/1", "alpha/4", "b/c/2"}),
        (("top.txt",), {"top.txt"}),
        ((".",), {".hidden/5"}),
    ],
)
def test_sparse_shows_the_files_whose_paths_begin_so(
    repo: Repo, store: GitStore, sparse: tuple[str, ...], shown: set[str]
) -> None:
    repo.commit(dict.fromkeys(("top.txt", "a/1", "alpha/4", "b/c/2", "b/3", ".hidden/5"), "1"))
    assert set(files(store, GitSpec(str(repo.bare), GitRef(branch="main"), sparse=sparse))) == shown


@pytest.mark.parametrize("missing", ["nope", "/a", "../a"])
def test_a_sparse_directory_that_is_not_checked_out_is_an_error(repo: Repo, store: GitStore, missing: str) -> None:
    repo.commit({"a/1": "1"})
    with pytest.raises(
        GitError, match=f"failed to sparse checkout directories : sparse checkout dir '{missing}' does not exist"
    ):
        store.fetch(GitSpec(str(repo.bare), GitRef(branch="main"), sparse=(missing,)))


def test_submodules_are_mounted_when_asked_for(repo: Repo, store: GitStore, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit({"lib.yaml": "lib"})
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.bare), "libs/lib")
    repo.commit({"a.yaml": "a"})
    with_them = GitSpec(str(repo.bare), GitRef(branch="main"), recurse_submodules=True)
    assert set(files(store, with_them)) == {"a.yaml", "libs/lib/lib.yaml"}
    without = GitSpec(str(repo.bare), GitRef(branch="main"))
    assert set(files(store, without)) == {"a.yaml"}


def test_local_repositories_are_refused_where_others_choose_urls(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    careful = GitStore(str(tmp_path / "careful"), local=False)
    for url in (str(repo.bare), repo.bare.as_uri()):
        with pytest.raises(GitInputError, match="local repositories are not allowed"):
            careful.fetch(GitSpec(url, GitRef(branch="main")))


def test_a_tree_of_many_directories_answers_in_any_order_and_looking_costs_no_memory(
    repo: Repo, store: GitStore
) -> None:
    paths = [f"d{n:03d}/sub/f.yaml" for n in range(400)]
    repo.commit({p: f"path: {p}\n" for p in paths})
    tree = store.fetch(GitSpec(str(repo.bare), GitRef(branch="main"))).tree

    def look() -> None:
        for path in (*paths, *paths[::-1]):
            assert tree.read(path) == f"path: {path}\n".encode()
        assert tree.lookup("absent/f.yaml") is None
        assert len(tree.entries("")) == len(paths)

    look()
    tracemalloc.start()
    try:
        look()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(5):
            look()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 50_000  # a name that is kept at each look would be ten times as much
