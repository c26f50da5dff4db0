"""What a trial comes to: for every unit one outcome, and for those that wait the chain that leads to the cause. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from xml.sax.saxutils import escape, quoteattr

from holdfast.app.trial import WAITING, Trial
from holdfast.model.delivery import UnitKey


class Outcome(Enum):
    READY = "ready"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Row:
    """``chain`` leads from the unit to what holds it up; in a deadlock it comes back to a unit that it had."""

    key: UnitKey
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    chain: tuple[UnitKey, ...] = ()

    @property
    def deadlock(self) -> bool:
        return len(set(self.chain)) < len(self.chain)


def rows(trial: Trial) -> list[Row]:
    """Of the units that the files promise, ready ones first in the order they became so."""
    found = [_row(trial, key) for key in trial.expected]
    order = list(Outcome)
    return sorted(found, key=lambda r: (order.index(r.outcome), r.seconds, r.key))


def green(found: list[Row]) -> bool:
    return all(r.outcome in (Outcome.READY, Outcome.UNAVAILABLE) for r in found)


def _row(trial: Trial, key: UnitKey) -> Row:
    seen = trial.seen.get(key)
    if seen is not None and (seen.ready or seen.suspended):
        text = "suspended" if seen.suspended and not seen.ready else ""
        return Row(key, Outcome.READY, trial.ready_after.get(key, 0.0), text)
    if key in trial.elsewhere:
        return Row(key, Outcome.UNAVAILABLE, message=trial.elsewhere[key])
    if key in trial.refused:
        return Row(key, Outcome.FAILED, message=trial.refused[key])
    chain = _chain(trial, key)
    end = chain[-1]
    cause = trial.seen.get(end)
    beyond = next((k for k in chain[1:] if k in trial.elsewhere), None)
    if beyond is not None:
        return Row(key, Outcome.UNAVAILABLE, message=f"waits for {beyond}: {trial.elsewhere[beyond]}", chain=chain)
    if len(set(chain)) < len(chain):
        return Row(key, Outcome.BLOCKED, message=_words(trial, key), chain=chain)
    if end.kind in trial.stood_in:
        text = f"{end}: {_words(trial, end)} (what defines it and makes it ready is not at hand)"
        return Row(key, Outcome.UNAVAILABLE, message=text, chain=chain)
    if "no matches for kind" in _words(trial, end) and _charts_missing(trial):
        text = f"{_words(trial, end)} (the definition may come from a chart that is not at hand)"
        return Row(key, Outcome.UNAVAILABLE, message=text, chain=chain)
    if cause is None and end != key and not _cause(trial, end):
        return Row(key, Outcome.BLOCKED, message=f"{end} is not there", chain=chain)
    mine = end == key or end in trial.causes.get(key, {})
    words = _words(trial, end) if end == key else f"{end}: {_words(trial, end)}"
    return Row(key, Outcome.FAILED if mine else Outcome.BLOCKED, message=words, chain=chain)


def _cause(trial: Trial, key: UnitKey) -> str:
    """What is wrong with an object that some unit waits for."""
    return next((found[key] for found in trial.causes.values() if key in found), "")


def _charts_missing(trial: Trial) -> bool:
    return any(k.kind == "HelmRelease" for k in trial.elsewhere)


def _words(trial: Trial, key: UnitKey) -> str:
    seen, cause = trial.seen.get(key), _cause(trial, key)
    if cause:
        return cause[:400]
    if seen is None:
        return "it was never made"
    return "; ".join(seen.message.split("\n"))[:400] or "the controller has not told anything of it"


def _chain(trial: Trial, key: UnitKey) -> tuple[UnitKey, ...]:
    """From a unit along the first thing it waits for, until something that waits for nothing or was met before."""
    chain = [key]
    while True:
        following = next((k for k in _waits(trial, chain[-1]) if not _is_ready(trial, k)), None)
        if following is None:
            return tuple(chain)
        chain.append(following)
        if following in chain[:-1]:
            return tuple(chain)


def _is_ready(trial: Trial, key: UnitKey) -> bool:
    seen = trial.seen.get(key)
    return seen is not None and (seen.ready or seen.suspended)


def _waits(trial: Trial, key: UnitKey) -> list[UnitKey]:
    """What a unit waits for: its dependencies and source, the parent that has not made it, the children it wants ready."""
    seen, unit = trial.seen.get(key), trial.expected.get(key)
    if seen is None:
        return [unit.parent] if unit is not None and unit.parent not in (None, key) else []
    found = list(seen.waits_on)
    if unit is not None and unit.spec.get("wait") and seen.reason in WAITING:
        found += [k for k, u in trial.expected.items() if u.parent == key and k != key]
    found += [k for k in trial.causes.get(key, {}) if k not in found]
    return found


# -- printing ----------------------------------------------------------------------------------------------------------


def text(found: list[Row], trial: Trial) -> str:
    lines = []
    for row in found:
        if row.outcome is Outcome.READY:
            lines.append(f"ok       {row.seconds:6.1f} s  {row.key}{f' ({row.message})' if row.message else ''}")
        else:
            word = {Outcome.FAILED: "FAILED", Outcome.BLOCKED: "BLOCKED", Outcome.UNAVAILABLE: "skipped"}[row.outcome]
            lines.append(f"{word:8} {'':8}  {row.key}: {row.message}")
        if row.deadlock:
            lines.append(f"    deadlock: {_arrows(row)}")
        elif len(row.chain) > 1:
            lines.append(f"    waits: {_arrows(row)}")
    return "\n".join([*lines, "", *_deadlocks(found), summary(found, trial)])


def _deadlocks(found: list[Row]) -> list[str]:
    """Every circle once, with how many units it holds up."""
    circles: dict[frozenset[UnitKey], tuple[tuple[UnitKey, ...], int]] = {}
    for row in found:
        if row.deadlock:
            circle = row.chain[row.chain.index(row.chain[-1]) :]
            known, held = circles.get(frozenset(circle), (circle, 0))
            circles[frozenset(circle)] = (known, held + 1)
    return [f"deadlock: {' → '.join(map(str, circle))} (holds up {held} units)" for circle, held in circles.values()]


def _arrows(row: Row) -> str:
    return " → ".join(str(k) for k in row.chain)


def summary(found: list[Row], trial: Trial) -> str:
    count = {o: sum(r.outcome is o for r in found) for o in Outcome}
    words = ", ".join(f"{n} {o.value}" for o, n in count.items() if n) or "no units"
    end = " (the time was over)" if trial.timed_out else ""
    hidden = f"; {trial.hidden} encrypted files have placeholders for values" if trial.hidden else ""
    kinds = f"; definitions that take anything stand in for {len(trial.stood_in)} kinds" if trial.stood_in else ""
    return f"{words} in {trial.seconds:.1f} s{end}{hidden}{kinds}"


def junit(found: list[Row], trial: Trial) -> str:
    cases = []
    for row in found:
        inside = ""
        if row.outcome is Outcome.UNAVAILABLE:
            inside = f"<skipped message={quoteattr(row.message)}/>"
        elif row.outcome is not Outcome.READY:
            inside = f"<failure message={quoteattr(row.message)}>{escape(_arrows(row))}</failure>"
        name = quoteattr(str(row.key))
        cases.append(
            f'  <testcase classname="holdfast.sandbox" name={name} time="{row.seconds:.3f}">{inside}</testcase>'
        )
    failed = sum(r.outcome in (Outcome.FAILED, Outcome.BLOCKED) for r in found)
    skipped = sum(r.outcome is Outcome.UNAVAILABLE for r in found)
    head = (
        f'<testsuite name="holdfast test --sandbox" tests="{len(found)}" failures="{failed}" skipped="{skipped}" '
        f'time="{trial.seconds:.3f}">'
    )
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>"])


def json(found: list[Row], trial: Trial) -> str:
    import json as library

    units = [
        {
            "unit": str(r.key),
            "outcome": r.outcome.value,
            "seconds": round(r.seconds, 3),
            "message": r.message,
            "chain": [str(k) for k in r.chain] if len(r.chain) > 1 else [],
            "deadlock": r.deadlock,
        }
        for r in found
    ]
    return library.dumps(
        {
            "seconds": round(trial.seconds, 3),
            "timedOut": trial.timed_out,
            "encryptedFiles": trial.hidden,
            "standIns": sorted(trial.stood_in),
            "units": units,
        },
        indent=2,
    )
