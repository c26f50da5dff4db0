"""A Plan in, a Report out: server-side apply in stages, recreate, prune.

Comes in: a plan, a client, and what it may ask the neighbours (a live object's meaning, readiness). Goes out: what became of
each object. Never happens: a change that the plan does not have, or a deletion without a look at the live object.
"""

from __future__ import annotations

from holdfast.apply.errors import ApplyError, PruneError
from holdfast.apply.execute import Executor, Neighbours
from holdfast.apply.prune import Found, delete, delete_all, look

__all__ = ["ApplyError", "Executor", "Found", "Neighbours", "PruneError", "delete", "delete_all", "look"]
