"""Annotations that make a simulated pod misbehave, so that rollouts and health gates can be tested.

Written on a pod or a pod template:

``sandbox.holdfast.dev/image-pull: fail``    the image cannot be pulled (ImagePullBackOff)
``sandbox.holdfast.dev/crash: "true"``       the container crashes (CrashLoopBackOff)
``sandbox.holdfast.dev/pending: "true"``     no node takes the pod
``sandbox.holdfast.dev/ready-after: 5s``     it takes so long to become ready (0s unless told)
``sandbox.holdfast.dev/never-ready: "true"`` it runs and its readiness probe fails
``sandbox.holdfast.dev/run-for: 2s``         it ends after so long (1s unless told where restartPolicy is not Always; never otherwise)
``sandbox.holdfast.dev/exit-code: "1"``      the exit code when it ends
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from holdfast.kube.refs import Manifest

PREFIX = "sandbox.holdfast.dev/"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Knobs:
    pull_fails: bool = False
    crashes: bool = False
    pending: bool = False
    never_ready: bool = False
    ready_after: float = 0.0
    run_for: float | None = None
    exit_code: int = 0

    @classmethod
    def of(cls, pod: Manifest) -> Knobs:
        notes = {
            k[len(PREFIX) :]: str(v)
            for k, v in (pod["metadata"].get("annotations") or {}).items()
            if k.startswith(PREFIX)
        }
        if not notes:
            return _DEFAULT
        code = notes.get("exit-code", "0")
        return cls(
            pull_fails=notes.get("image-pull") == "fail",
            crashes=_true(notes.get("crash")),
            pending=_true(notes.get("pending")),
            never_ready=_true(notes.get("never-ready")),
            ready_after=seconds(notes.get("ready-after", "")) or 0.0,
            run_for=seconds(notes.get("run-for", "")),
            exit_code=int(code) if code.isdigit() else 0,
        )


_DEFAULT = Knobs()


def _true(text: str | None) -> bool:
    return (text or "").lower() in ("true", "1", "yes")


def seconds(text: str) -> float | None:
    """A Go duration such as ``1m30s``, or a plain number of seconds; None where it is neither."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if not parts or "".join(n + u for n, u in parts) != text:
        return None
    return sum(float(n) * _UNITS[u] for n, u in parts)
