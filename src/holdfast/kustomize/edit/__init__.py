"""Changing a kustomization file: data in, data out (``commands``), and the smallest change of its text (``text``).

A user's comments, order, quotes and indentation stay. Pure: the command line reads and writes the file.
"""

from __future__ import annotations

from holdfast.kustomize.edit.text import update

__all__ = ["update"]
