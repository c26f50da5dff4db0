"""Charts on disk under the digest of their bytes, where Helm keeps its own.

In: the bytes of an archive, a digest. Out: the bytes again, or nothing. What has not the digest that it lies under is as good
as absent: a store that anybody may write to is never trusted.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


class ChartStore:
    """``root/ab/abcd….chart``. A store that cannot be written keeps nothing, which is no failure."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = Path(root)

    def get(self, digest: str) -> bytes | None:
        match = _DIGEST.fullmatch(digest)
        if match is None:
            return None
        try:
            data = self._path(match[1]).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == match[1] else None

    def put(self, data: bytes) -> str:
        """The digest. Files appear whole or not at all."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                os.chmod(temporary, 0o644)
                os.replace(temporary, path)
            except BaseException:
                os.unlink(temporary)
                raise
        return f"sha256:{digest}"

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / f"{digest}.chart"
