"""What the API server knows about built-in kinds: decoding, defaults, preparation, validation.

In: plain JSON data and its kind. Out: the same data with the server's meaning given to it, or a list of field errors.
Never: storage, networking, the clock (ids and addresses come from the caller).
"""

from holdfast.sandbox.kinds.decode import DecodeError, check
from holdfast.sandbox.kinds.defaults import apply_defaults
from holdfast.sandbox.kinds.prepare import prepare_create, prepare_update
from holdfast.sandbox.kinds.validate import validate_create, validate_update
from holdfast.sandbox.kinds.warnings import warnings

__all__ = [
    "DecodeError",
    "apply_defaults",
    "check",
    "prepare_create",
    "prepare_update",
    "validate_create",
    "validate_update",
    "warnings",
]
