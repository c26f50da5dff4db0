"""Changing a kustomization file: fields in, fields out (``commands``), and the smallest change of its text (``document``).

A user's comments, order, quotes and indentation stay. Pure: the command line reads and writes the file.
"""

from __future__ import annotations

from holdfast.kustomize.edit.document import Document
from holdfast.kustomize.edit.text import update

__all__ = ["Document", "update"]
