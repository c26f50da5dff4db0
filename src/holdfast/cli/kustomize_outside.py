"""What a build on the command line may ask of the world: Git, HTTP, helm and executables, each with kustomize's wording.

The engine never does any of this itself. Everything fetched lives in a temporary directory until the build is over; every
command has a time limit.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from holdfast.base.tree import OverlayTree, Tree
from holdfast.cli.disk import QuickDiskTree
from holdfast.kustomize.errors import FetchError, KustomizeError
from holdfast.kustomize.options import ChartRequest, Fetched, FunctionRequest
from holdfast.kustomize.remote import RepoSpec, parse_repo_url

_FILE_LIMIT, _CHUNK = 100 << 20, 1 << 16
_SECONDS = 60
_FORCED = (
    "Warning: Forcing the git protocol using the 'git::' URL prefix is not supported. Kustomize currently strips this invalid "
    "prefix, but will stop doing so in a future release. Please remove the 'git::' prefix from your configuration."
)
_ANSWER_SECONDS = 27.0
"""What kustomize gives a repository, too."""


class Outside:
    """Used as a context: what was fetched is removed at the end."""

    def __init__(self, helm_command: str = "", helm_debug: bool = False, env: list[str] | None = None) -> None:
        self._helm_command = helm_command or "helm"
        self._helm_given = bool(helm_command)
        self._helm_debug = helm_debug
        # A name alone is what this process has under it, which a function is given anyway.
        self._env = dict(pair.partition("=")[::2] for pair in env or [] if "=" in pair)
        self._directories: list[str] = []
        self._fetched: dict[str, Fetched] = {}

    def __enter__(self) -> Outside:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._directories:
            return
        import shutil

        for directory in self._directories:
            shutil.rmtree(directory, ignore_errors=True)

    def _temporary(self) -> str:
        import tempfile

        directory = os.path.realpath(tempfile.mkdtemp(prefix="kustomize-"))
        self._directories.append(directory)
        return directory

    def local(self, target: str) -> tuple[Tree, str]:
        """The disk and the path of a directory on it; ``-`` puts stdin into the current directory as a kustomization."""
        disk = QuickDiskTree("/")
        if target != "-":
            return disk, os.path.abspath(target).lstrip("/")
        here = os.getcwd().lstrip("/")
        text = sys.stdin.buffer.read()
        return OverlayTree(disk, {f"{here}/kustomization.yaml" if here else "kustomization.yaml": text}), here

    # Git

    def fetch(self, url: str) -> Fetched:
        """A repository with ``git fetch --depth=1``, once for each URL without its path."""
        spec = parse_repo_url(url)
        if spec is None:
            raise KustomizeError(f"'{url}' is not the URL of a repository")
        if url[:5].lower() == "git::":
            print(_FORCED, file=sys.stderr)
        key = f"{spec.clone}?{spec.ref}&{spec.submodules}"
        if key not in self._fetched:
            self._fetched[key] = self._clone(spec)
        return self._fetched[key]._replace(path=os.path.join(self._fetched[key].path, spec.path).rstrip("/"))

    def _clone(self, spec: RepoSpec) -> Fetched:
        import shutil

        git = shutil.which("git")
        if git is None:
            raise KustomizeError("no 'git' program on path: exec: \"git\": executable file not found in $PATH")
        directory = self._temporary()
        steps = [["init"], ["remote", "add", "origin", spec.clone]]
        steps += [["fetch", "--depth=1", spec.clone, spec.ref or "HEAD"], ["checkout", "FETCH_HEAD"]]
        if spec.submodules:
            steps.append(["submodule", "update", "--init", "--recursive"])
        for step in steps:
            _run_git([git, *step], directory, spec.timeout)
        return Fetched(QuickDiskTree("/"), directory.lstrip("/"))

    # HTTP

    def fetch_file(self, url: str) -> bytes:
        """A file behind a URL. One that cannot be reached may still be a repository; one that answers with an error is not.

        All of it has to be there in time: a server that says nothing would hold the build, and so would Git behind it.
        """
        import urllib.error

        spec = parse_repo_url(url)
        seconds = spec.timeout if spec is not None else _ANSWER_SECONDS
        try:
            data = _download(url, seconds)
        except TimeoutError:
            raise FetchError(f'Get "{url}": no answer within {seconds:g}s') from None
        except urllib.error.HTTPError as err:
            if spec is not None:
                raise KustomizeError("URL is a git repository") from None
            raise FetchError(f"HTTP Error: status code {err.code} ({err.reason})") from None
        except (urllib.error.URLError, OSError, ValueError) as err:
            reason = getattr(err, "reason", err)
            shown = reason.strerror.lower() if isinstance(reason, OSError) and reason.strerror else reason
            raise KustomizeError(f'Get "{url}": {shown}') from None
        if len(data) > _FILE_LIMIT:
            raise FetchError(f"HTTP Error: '{url}' is larger than {_FILE_LIMIT >> 20} MiB")
        return data

    # Helm

    def inflate(self, request: ChartRequest) -> str:
        """What ``helm template`` prints with the flags kustomize gives it; the chart is pulled first where it is not there.

        Rendered here, unless an executable was named.
        """
        chart = request.chart
        top = "/" + request.root
        home = os.path.join(top, request.chart_home)
        directory = self._temporary()
        env = {
            **os.environ,
            "HELM_CONFIG_HOME": f"{directory}/helm",
            "HELM_CACHE_HOME": f"{directory}/helm/.cache",
            "HELM_DATA_HOME": f"{directory}/helm/.data",
        }
        if not os.path.isdir(os.path.join(home, chart["name"])):
            if not chart.get("repo"):
                raise KustomizeError(
                    f"no repo specified for pull, no chart found at '{os.path.join(home, chart['name'])}'"
                )
            if self._helm_given:
                self._helm(_pull_arguments(chart, home), env)
            else:
                from holdfast.cli.kustomize_charts import pull

                pull(chart, home, f"{directory}/helm")
        values_files = _values_files(request, top, home, directory)
        if not self._helm_given:
            from holdfast.cli.kustomize_charts import template

            return template(chart, os.path.join(home, chart["name"]), values_files)
        args = _template_arguments(chart, home, values_files)
        return self._helm([*args, "--debug"] if self._helm_debug else args, env)

    def _helm(self, args: list[str], env: dict[str, str]) -> str:
        import subprocess

        command = [self._helm_command, *args]
        try:
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as err:
            helm = self._helm_command
            raise KustomizeError(f": unable to run: '{' '.join(command)}' (is '{helm}' installed?): {err}") from None
        if done.returncode != 0:
            helm = self._helm_command
            text = f"{done.stderr}: unable to run: '{' '.join(command)}' (is '{helm}' installed?): exit status {done.returncode}"
            raise KustomizeError(text)
        return done.stdout

    # Functions

    def run_function(self, request: FunctionRequest) -> str:
        """An executable in or below the kustomization's directory, fed a ResourceList."""
        import subprocess

        from holdfast.kube import yaml

        top = "/" + request.root
        path = os.path.realpath(os.path.join(top, request.path))
        if not path.startswith(os.path.realpath(top) + os.sep):
            raise KustomizeError(f"function '{request.path}' is not in or below '{top}'")
        resource_list = {
            "apiVersion": "config.kubernetes.io/v1",
            "kind": "ResourceList",
            "items": list(request.items),
            "functionConfig": request.config,
        }
        env = {**os.environ, **self._env}
        try:
            done = subprocess.run(
                [path],
                input=yaml.dump(resource_list),
                env=env,
                cwd=top,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as err:
            raise KustomizeError(f"couldn't execute function: {err}") from None
        sys.stderr.write(done.stderr)
        if done.returncode != 0:
            raise KustomizeError(f"couldn't execute function: exit status {done.returncode}")
        return done.stdout


def _download(url: str, seconds: float) -> bytes:
    """What a URL answers, up to a byte more than the limit. Raises TimeoutError, URLError, OSError or ValueError."""
    import time
    import urllib.error
    import urllib.request

    end = time.monotonic() + seconds
    data = bytearray()
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:
            while len(data) <= _FILE_LIMIT and (part := response.read1(_CHUNK)):
                data += part
                if time.monotonic() > end:
                    raise TimeoutError
    except urllib.error.URLError as err:
        if isinstance(err.reason, TimeoutError):
            raise err.reason from None
        raise
    return bytes(data)


def _run_git(command: list[str], directory: str, timeout: float) -> None:
    import signal
    import subprocess

    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    pipe = subprocess.PIPE
    # A group of its own: what Git starts to talk to a server ends with it.
    git = subprocess.Popen(
        command,
        cwd=directory,
        env=env,
        stdout=pipe,
        stderr=pipe,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    with git:
        try:
            out, err = git.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(git.pid, signal.SIGKILL)
            raise KustomizeError(f"hit {timeout:g}s timeout running '{' '.join(command)}'") from None
    if git.returncode != 0:
        text = f"failed to run '{' '.join(command)}': {out}{err}: exit status {git.returncode}"
        raise KustomizeError(text)


def _pull_arguments(chart: Any, home: str) -> list[str]:
    args = ["pull", "--untar", "--untardir", home]
    repo = chart["repo"]
    if repo.startswith("oci://"):
        args.append(repo.removesuffix("/") + "/" + chart["name"])
    else:
        args += ["--repo", repo, chart["name"]]
    if chart.get("version"):
        args += ["--version", chart["version"]]
    return [*args, "--devel"] if chart.get("devel") else args


def _values_files(request: ChartRequest, top: str, home: str, directory: str) -> list[str]:
    from holdfast.kube import yaml

    if request.values is None:
        own = os.path.join(home, request.chart["name"], "values.yaml")
        files = [own] if os.path.exists(own) else []
    else:
        path = os.path.join(directory, f"{request.chart['name']}-kustomize-values.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(yaml.dump(dict(request.values)))
        files = [path]
    return files + [os.path.join(top, extra) for extra in request.values_files]


def _template_arguments(chart: Any, home: str, values_files: list[str]) -> list[str]:
    args = ["template", chart["releaseName"]] if chart.get("releaseName") else ["template", "--generate-name"]
    args.append(os.path.join(home, chart["name"]))
    for field, flag in (("namespace", "--namespace"), ("nameTemplate", "--name-template")):
        if chart.get(field):
            args += [flag, chart[field]]
    for path in values_files:
        args += ["-f", path]
    for version in chart.get("apiVersions", []):
        args += ["--api-versions", version]
    if chart.get("kubeVersion"):
        args += ["--kube-version", chart["kubeVersion"]]
    for field, flag in (
        ("includeCRDs", "--include-crds"),
        ("skipTests", "--skip-tests"),
        ("skipHooks", "--no-hooks"),
        ("debug", "--debug"),
        ("devel", "--devel"),
    ):
        if chart.get(field):
            args.append(flag)
    return args
