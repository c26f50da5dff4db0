"""YAML as Kubernetes tools mean it: text in, JSON data out, and back.

The door of the package. ``load`` and ``load_all`` read bytes or text under one of two dialects; ``dump`` and ``dump_all``
print exactly as ``sigs.k8s.io/yaml`` does. What comes out is JSON data only: dicts with string keys, lists, strings, booleans,
integers, floats and None. What is wrong with a text is a `YAMLError` with go-yaml's words and the place in the file.
Nothing here opens a file, and no object of a caller is ever changed.
"""

from __future__ import annotations

from holdfast.kube.yaml.dump import dump, dump_all
from holdfast.kube.yaml.errors import YAMLError
from holdfast.kube.yaml.fast import prepare
from holdfast.kube.yaml.load import Document, load, load_all
from holdfast.kube.yaml.scalars import Dialect

__all__ = ["Dialect", "Document", "YAMLError", "dump", "dump_all", "load", "load_all", "prepare"]
