"""What the demo plays on: a directory with a Git repository, a sandbox and a controller, started as a user starts them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from holdfast.base.errors import Stop
from holdfast.cli.demo.files import repository

HOLDFAST = [sys.executable, "-m", "holdfast"]


class Stage:
    """A context manager: leaving it stops what it started, unless it is to be kept."""

    def __init__(self, directory: Path, name: str, *, keep: bool, own_directory: bool) -> None:
        self.directory = directory
        self.name = name
        self.repository = directory / "shop"
        self.kubeconfig = directory / "kubeconfig"
        self._log = directory / "controller.log"
        self._keep = keep
        self._own_directory = own_directory
        self._controller: subprocess.Popen[bytes] | None = None

    @classmethod
    def set_up(cls, directory: str | None, *, keep: bool) -> Stage:
        if shutil.which("git") is None:
            raise Stop("git is not installed: the demo makes a real Git repository", hint="install git and try again")
        if directory is None:
            made = Path(tempfile.mkdtemp(prefix="holdfast-demo-"))
        else:
            made = Path(directory).resolve()
            made.mkdir(parents=True, exist_ok=True)
            if any(made.iterdir()):
                raise Stop(f"{made} is not empty", hint="name a new directory with --dir")
        return cls(made, f"demo-{os.getpid()}", keep=keep, own_directory=directory is None)

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keep and kind is None:
            return
        if self._controller is not None:
            self._controller.send_signal(signal.SIGTERM)
            try:
                self._controller.wait(10)
            except subprocess.TimeoutExpired:
                self._controller.kill()
        subprocess.run([*HOLDFAST, "sandbox", "stop", "--name", self.name], capture_output=True, check=False)
        if self._own_directory and not self._keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def controller_pid(self) -> int:
        return self._controller.pid if self._controller is not None else 0

    def start_sandbox(self) -> str:
        """Returns the line that a user would type."""
        self._holdfast("sandbox", "start", "--name", self.name, "--kubeconfig", str(self.kubeconfig))
        return f"holdfast sandbox start --name {self.name} --kubeconfig kubeconfig"

    def start_controller(self) -> str:
        with self._log.open("wb") as log:
            self._controller = subprocess.Popen(
                [*HOLDFAST, "run", "--kubeconfig", str(self.kubeconfig), "--allow-local-sources"],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops the controller in order
                env={**os.environ, "HOLDFAST_STATE_DIR": str(self.directory / "state")},
            )
        return "holdfast run --kubeconfig kubeconfig --allow-local-sources &"

    def controller_died(self) -> bool:
        return self._controller is not None and self._controller.poll() is not None

    def reconcile(self) -> str:
        self._holdfast("reconcile", "source", "git", "shop", "-n", "flux-system", "--kubeconfig", str(self.kubeconfig))
        return "holdfast reconcile source git shop -n flux-system"

    def _holdfast(self, *arguments: str) -> None:
        done = subprocess.run([*HOLDFAST, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Stop(f"holdfast {' '.join(arguments[:3])} failed: {(done.stderr or done.stdout).strip()}")

    def log_tail(self, lines: int = 15) -> str:
        try:
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    # -- the repository -----------------------------------------------------------------------------------------------

    def make_repository(self) -> None:
        self.repository.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")
        for key, value in (("user.name", "Demo"), ("user.email", "demo@example.com"), ("commit.gpgsign", "false")):
            self.git("config", key, value)
        self.write(repository())
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A shop in two stages")

    def write(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            target = self.repository / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.repository, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Stop(f"git {' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout
