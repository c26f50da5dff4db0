"""Why no key opened a file, laid out as SOPS lays it out for people.

In: of each key group the recipients that were tried and what went wrong with each. Out: text of several lines.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

_NONE = (
    "Recovery failed because no master key was able to decrypt the file. In order for SOPS to recover the file, at least "
    "one key has to be successful, but none were."
)
_TOO_FEW = (
    "Recovery failed because the file was encrypted with a Shamir threshold of {needed}, but only {found} part(s) were "
    "successfully recovered, one for each successful key group. In order for SOPS to recover the file, at least {needed} "
    "groups have to be successful. In order for a group to be successful, decryption has to succeed with any of the keys "
    "in that key group."
)


class Problem(NamedTuple):
    recipient: str
    text: str


def told(groups: Sequence[Sequence[Problem]], needed: int = 0) -> str:
    """A group without a problem is one that could be opened; ``needed`` of them are where the key is shared."""
    parts = [_group(number, problems) for number, problems in enumerate(groups)]
    found = sum(not problems for problems in groups)
    trailer = _TOO_FEW.format(needed=needed, found=found) if needed else _NONE
    head = "Failed to get the data key required to decrypt the SOPS file."
    return "\n\n".join([head, *parts, _wrapped(trailer, 75)])


def _group(number: int, problems: Sequence[Problem]) -> str:
    if not problems:
        return f"Group {number}: SUCCESS"
    keys = "\n\n".join(_key(p) for p in problems)
    return f"Group {number}: FAILED\n{textwrap.indent(keys, '  ', lambda line: True)}"


def _key(problem: Problem) -> str:
    body = textwrap.indent(_wrapped(problem.text, 60), "    | ", lambda line: True)
    return f"{problem.recipient}: FAILED\n  -{body[3:]}"


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))
