"""What is wrong with a kustomization, in kustomize's own words.

``KustomizeError`` is a ``Stop``. Two kinds are told apart because they change what the caller does next:
``MalformedYAML`` (a resource that is a file, so trying it as a directory would only hide the reason) and ``FetchError`` (a
remote file that answered with an error, so there is no directory to try).
"""

from __future__ import annotations

from holdfast.base.errors import Place, Stop


class KustomizeError(Stop):
    """A build that cannot succeed until its input changes."""

    def __init__(self, message: str, *, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message, place=place, reason="BuildFailed", hint=hint)

    def within(self, prefix: str) -> KustomizeError:
        """The same error with words in front, as Go wraps them; the place is kept."""
        return type(self)(f"{prefix}: {self.message}", place=self.place, hint=self.hint)


class MalformedYAML(KustomizeError):
    """Text that is no YAML."""


class FetchError(KustomizeError):
    """A remote file or repository that could not be read."""
