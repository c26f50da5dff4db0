"""Rendered and live to Plan: compare, ignore rules, order, waves, prune set, with a reason for every change. Pure.

Comes in: desired objects, small facts of live ones, the inventory and the policy. Goes out: a Plan that says everything that
will be sent to the cluster. Never happens: a request, or a deletion that follows from something that failed.
"""

from __future__ import annotations

from holdfast.plan.facts import observe
from holdfast.plan.hashing import desired_hash
from holdfast.plan.make import make_plan
from holdfast.plan.prepare import Prepared, prepare
from holdfast.plan.prune import judge

__all__ = ["Prepared", "desired_hash", "judge", "make_plan", "observe", "prepare"]
