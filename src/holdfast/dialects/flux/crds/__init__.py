"""CustomResourceDefinitions of the Flux kinds, generated from our own compact models.

In: the table in ``kinds``, written in the small language of ``kube.crdtext``. Out: CRD objects ready to apply. A cluster that
has Flux's own definitions keeps them: whoever installs these leaves existing ones alone.
"""

from holdfast.dialects.flux.crds.generate import all_crds, crd
from holdfast.dialects.flux.crds.kinds import KINDS, FluxKind

__all__ = ["KINDS", "FluxKind", "all_crds", "crd"]
