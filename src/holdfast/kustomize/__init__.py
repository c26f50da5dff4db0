"""The Kustomize engine: a virtual tree and parameters in, resources with their origin and the set of files read out.

``build(tree, path, options)`` is the door. Pure, without global state: any number of builds may run at once, each with its
own schemas and its own set of read files. It never touches a disk, a network or a process: charts, remote bases and
functions come through callables in ``BuildOptions``. Knows nothing of the product.
"""

from __future__ import annotations

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.options import BuildOptions, BuildResult
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.run import build

__all__ = ["BuildOptions", "BuildResult", "KustomizeError", "Resource", "build"]
