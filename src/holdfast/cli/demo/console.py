"""How the demo looks: chapters, command lines, observations; colour only on a terminal."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.cli.demo.stage import Stage

_WIDTH = 92


class Console:
    def __init__(self) -> None:
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._chapter = 0
        self._started = time.monotonic()

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _say(self, text: str = "") -> None:
        print(text, flush=True)

    def title(self, text: str, below: str) -> None:
        self._say()
        self._say(self._paint("1;36", f"  {text}"))
        self._say(self._paint("2", f"  {below}"))

    def chapter(self, text: str) -> None:
        self._chapter += 1
        head = f"{self._chapter}. {text}"
        self._say()
        self._say(self._paint("1", head) + " " + self._paint("2", "─" * max(0, _WIDTH - len(head) - 1)))

    def words(self, text: str) -> None:
        for line in textwrap.wrap(text, _WIDTH - 2):
            self._say(f"  {line}")

    def command(self, line: str) -> None:
        self._say(self._paint("33", f"  $ {line}"))

    def output(self, text: str) -> None:
        for line in text.rstrip("\n").splitlines():
            self._say(self._paint("2", f"    {line}"))

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Columns as kubectl prints them; the first row is the heading."""
        widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
        self.output("\n".join("   ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows))

    def seen(self, text: str, seconds: float | None = None) -> None:
        """Something that was waited for and has happened."""
        took = self._paint("2", f"  ({_human(seconds)})") if seconds is not None else ""
        self._say(self._paint("32", "  ✔ ") + text + took)

    def bad(self, text: str) -> None:
        self._say(self._paint("31", "  ✘ ") + text)

    def done(self, text: str) -> None:
        self._say()
        self._say(
            self._paint("1;32", f"  {text}") + self._paint("2", f"  ({_human(time.monotonic() - self._started)})")
        )

    def failure(self, text: str, log: str) -> None:
        self._say()
        self.bad(text)
        if log:
            self._say("  The controller's last words:")
            self.output(log)

    def farewell(self, stage: Stage) -> None:
        self._say()
        self.words("Everything is still running. Go on playing:")
        self.command(f"export KUBECONFIG={stage.kubeconfig}")
        self.command("kubectl get kustomizations,deployments -A")
        self.command(f"cd {stage.repository}   # change something, then: git commit -am 'my change'")
        self.command("holdfast reconcile source git shop -n flux-system")
        self.words("When you have had enough:")
        self.command(f"kill {stage.controller_pid}; holdfast sandbox stop --name {stage.name}; rm -r {stage.directory}")


def _human(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
