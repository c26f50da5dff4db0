"""CustomResourceDefinitions of the Argo CD kinds, generated from our own compact models.

In: the table in ``kinds``, written in the small language of ``kube.crdtext``. Out: CRD objects ready to apply. A cluster that
has Argo CD's own definitions keeps them: whoever installs these leaves existing ones alone.
"""

from holdfast.dialects.argo.crds.generate import all_crds, crd
from holdfast.dialects.argo.crds.kinds import KINDS, ArgoKind

__all__ = ["KINDS", "ArgoKind", "all_crds", "crd"]
