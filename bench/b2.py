"""B2: 500 overlays of 10 resources over 50 shared bases in one bare Git repository; then one commit after another.

Cold is every overlay once, from Git objects to manifests, in a process that has read none of them before. A commit is a walk of what differs between two trees, a look at
which builds read one of the changed paths, and those builds again. The peer has no memory: it is run on a few of the overlays
from a checkout, which gives its time for one.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.kustomize_workload import APP, machine, peer, peer_version, print_json, run_command, summary, timed


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench b2", description=__doc__)
    parser.add_argument("--overlays", type=int, default=500)
    parser.add_argument("--bases", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as top:
        repository = Repository(Path(top), args.overlays, args.bases)
        rows = _measure(repository, args)
        rows["peer_one"] = _peer(Path(top), repository, args.repeat)
    command = peer()
    result = {"bench": "b2", "machine": machine(), "peer": peer_version(command) if command else None, "rows": rows}
    _print(rows, args.overlays)
    print_json(result)
    return 0


class Repository:
    """A bare repository with its first commit's tree, and trees with one file changed."""

    def __init__(self, top: Path, overlays: int, bases: int) -> None:
        import pygit2

        self.path = str(top / "repo.git")
        self._repository = pygit2.init_repository(self.path, bare=True)
        self.files = _files(overlays, bases)
        self.overlays = [f"overlays/o{i}" for i in range(overlays)]
        self.first = self.write(self.files)

    def write(self, files: dict[str, str]) -> str:
        import pygit2

        index = pygit2.Index()
        for path, text in files.items():
            index.add(pygit2.IndexEntry(path, self._repository.create_blob(text.encode()), pygit2.GIT_FILEMODE_BLOB))
        return str(index.write_tree(self._repository))

    def changed(self, path: str) -> str:
        return self.write({**self.files, path: self.files[path] + "# changed\n"})


def _files(overlays: int, bases: int) -> dict[str, str]:
    random_ = random.Random(2)
    files = {"README.md": "one repository\n"}
    for base in range(bases):
        names = [f"app-{base}-{i}" for i in range(4)]
        for name in names:
            values = {"replicas": 2, "image": random_.choice(("api", "web")), "minor": base, "cpu": 50, "memory": 64}
            files[f"bases/b{base}/{name}.yaml"] = APP.format(name=name, **values)
        generated = "".join(f"- name: {n}-config\n  literals: [a=b]\n" for n in names[:2])
        listed = "".join(f"- {n}.yaml\n" for n in names)
        files[f"bases/b{base}/kustomization.yaml"] = f"resources:\n{listed}configMapGenerator:\n{generated}"
    for number in range(overlays):
        base = number % bases
        files[f"overlays/o{number}/kustomization.yaml"] = (
            f"resources:\n- ../../bases/b{base}\nnamePrefix: o{number}-\nlabels:\n- pairs: {{env: e{number}}}\n"
            f"images:\n- name: registry.example.com/api\n  newTag: v{number}\npatches:\n- path: patch.yaml\n"
        )
        files[f"overlays/o{number}/patch.yaml"] = (
            f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{base}-1\nspec:\n  replicas: {number % 7}\n"
        )
    return files


class Built:
    """All overlays built, and which of them read which path."""

    def __init__(self, repository: Repository) -> None:
        self._path = repository.path
        self._tree_id = repository.first
        self._readers: dict[str, set[str]] = {}
        self.resources = sum(self._build(repository.first, overlay) for overlay in repository.overlays)

    def _build(self, tree_id: str, overlay: str) -> int:
        from holdfast.kustomize import BuildOptions, build
        from holdfast.source.git.tree import GitTree

        tree = self._trees.setdefault(tree_id, GitTree(self._path, tree_id))
        result = build(tree, overlay, BuildOptions())
        for path in result.reads:
            self._readers.setdefault(path, set()).add(overlay)
        return len(result.resources)

    @property
    def _trees(self) -> dict[str, object]:
        return self.__dict__.setdefault("trees", {})  # type: ignore[no-any-return]

    def commit(self, tree_id: str) -> int:
        """Build again what the new tree changes; returns how many builds that took."""
        import pygit2

        repository = pygit2.Repository(self._path)
        old, new = repository[self._tree_id], repository[tree_id]
        affected = {o for path in _differences(old, new) for o in self._readers.get(path, ())}
        for overlay in affected:
            self._build(tree_id, overlay)
        return len(affected)


def _differences(old: object, new: object, above: str = "") -> Iterator[str]:
    """Paths of files that are not the same in two trees; equal subtrees are not opened."""
    import pygit2

    left = {e.name: e for e in old} if isinstance(old, pygit2.Tree) else {}
    right = {e.name: e for e in new} if isinstance(new, pygit2.Tree) else {}
    for name in left.keys() | right.keys():
        one, other = left.get(name), right.get(name)
        if one is not None and other is not None and one.id == other.id:
            continue
        path = f"{above}/{name}" if above else name
        if isinstance(one, pygit2.Tree) or isinstance(other, pygit2.Tree):
            yield from _differences(one, other, path)
        else:
            yield path


def in_a_child(measure: Callable[[], float]) -> float:
    """What a fresh process measures: nothing is remembered from one run to the next, but for the imports."""
    import holdfast.kustomize
    import holdfast.source.git.tree  # noqa: F401

    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, repr(measure()).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        found = float(pipe.read())
    os.wait()
    return found


def _measure(repository: Repository, args: argparse.Namespace) -> dict[str, object]:
    cold = [in_a_child(lambda: timed(lambda: Built(repository))) for _ in range(args.repeat)]
    built = Built(repository)
    rows: dict[str, object] = {"cold": summary(cold), "resources": built.resources}
    for name, path in (
        ("leaf", "overlays/o7/patch.yaml"),
        ("base", "bases/b7/kustomization.yaml"),
        ("readme", "README.md"),
    ):
        tree = repository.changed(path)
        builds: list[int] = []
        times = [timed(lambda tree=tree, into=builds: into.append(built.commit(tree))) for _ in range(args.repeat)]  # type: ignore[misc]
        rows[name] = {**summary(times), "builds": builds[0]}
    return rows


def _peer(top: Path, repository: Repository, repeat: int) -> dict[str, float] | None:
    command = peer()
    if command is None:
        return None
    checkout = top / "checkout"
    checkout.mkdir()
    for path, text in repository.files.items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(text)
    times = [run_command([command, "build", str(checkout / o)])[0] for o in repository.overlays[: 2 * repeat]]
    return summary(times)


def _print(rows: dict[str, object], overlays: int) -> None:
    cold = rows["cold"]
    assert isinstance(cold, dict)
    print(
        f"{overlays} overlays, {rows['resources']} resources, cold: {cold['median']:.3f} s ({cold['min']:.3f}..{cold['max']:.3f})"
    )
    for name in ("leaf", "base", "readme"):
        row = rows[name]
        assert isinstance(row, dict)
        print(f"commit that changes a {name}: {row['median'] * 1000:.2f} ms, {row['builds']} builds")
    other = rows["peer_one"]
    if isinstance(other, dict):
        whole = other["median"] * overlays
        print(
            f"kustomize: {other['median']:.3f} s for one, {whole:.1f} s for all in a loop: {whole / cold['median']:.0f}x"
        )
    else:
        print("kustomize is not installed: our side alone")


if __name__ == "__main__":
    import sys

    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as err:
        sys.exit(f"{err.cmd} failed")
