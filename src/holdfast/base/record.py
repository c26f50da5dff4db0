"""``Record``: ``typing.NamedTuple`` for classes that every command makes when it starts.

The same for whoever reads or checks the types. The one in ``typing`` compiles the annotation of each field, which for the classes
of a build took a sixth of its start; here nothing is done with them. See docs/design/0004-quick-start.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:
    from collections import namedtuple

    class _RecordType(type):
        def __new__(cls, name, bases, namespace):
            if not bases:
                return super().__new__(cls, name, bases, namespace)
            fields = tuple(namespace.get("__annotations__", ()))
            defaults = [namespace[field] for field in fields if field in namespace]
            made = namedtuple(name, fields, defaults=defaults, module=namespace["__module__"])
            for key, value in namespace.items():
                if key not in fields and key not in ("__module__", "__qualname__"):
                    setattr(made, key, value)
            return made

    class Record(metaclass=_RecordType):
        """A base that is not there afterwards: its subclasses are tuples."""

        __slots__ = ()


__all__ = ["Record"]
