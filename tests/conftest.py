"""What holds for every test: the laws of hypothesis are judged by their truth, never by how fast the machine is."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from holdfast.kube import yaml

settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("any-machine")
# Before any test reads its first text in a thread: see what it says.
yaml.prepare()
