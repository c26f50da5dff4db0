"""What can be wrong with a chart, its values or its templates.

::

    Stop
    └── HelmError          the words of Helm
        ├── ChartError     the chart's files
        ├── ValuesError    the values, or flags that set them
        ├── BadReleaseName a name that no release may have
        └── RenderError    a template; ``trailer`` tells that Helm adds its hint about --debug
"""

from __future__ import annotations

from holdfast.base.errors import Place, Stop


class HelmError(Stop):
    """``warnings`` are what Helm writes to stderr before the error."""

    def __init__(self, message: str, *, place: Place | None = None, reason: str = "HelmError", hint: str = "") -> None:
        super().__init__(message, place=place, reason=reason, hint=hint)
        self.trailer = False


class ChartError(HelmError):
    """The files are no chart that Helm takes."""

    def __init__(self, message: str, *, place: Place | None = None) -> None:
        super().__init__(message, place=place, reason="InvalidChart")


class ValuesError(HelmError):
    """The values cannot be read, merged, or do not meet the schema."""

    def __init__(self, message: str, *, place: Place | None = None) -> None:
        super().__init__(message, place=place, reason="InvalidValues")


class BadReleaseName(HelmError):
    """No release may have this name."""


class RenderError(HelmError):
    """A template failed, or what it made is no manifest."""

    def __init__(self, message: str, *, place: Place | None = None) -> None:
        super().__init__(message, place=place, reason="RenderFailed")
        self.trailer = True
