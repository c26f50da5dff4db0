"""What holds for every test: the laws of hypothesis are judged by their truth, never by how fast the machine is.

Everybody tries the same examples, so that a change is judged by what it changes; ``HOLDFAST_FUZZ=1`` looks for new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from holdfast.kube import yaml

settings.register_profile(
    "any-machine",
    deadline=None,
    derandomize=not os.environ.get("HOLDFAST_FUZZ"),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("any-machine")
# Before any test reads its first text in a thread: see what it says.
yaml.prepare()
