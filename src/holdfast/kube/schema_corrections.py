"""Where the published OpenAPI says less than the API server's own typed schema: each line with its reason.

In goes a definition, out comes the definition that field management, patches and defaults need. Never changes what a field
is called or which type it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def corrections(name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    return dict(raw)
