"""The controllers of a cluster that the sandbox runs beside its API server, each of which can be left out.

``namespace`` empties what is being deleted; ``gc`` follows owner references; ``serviceaccount`` gives every namespace its
account and CA bundle, fills token Secrets and signs approved requests; ``quota`` counts; ``aggregation`` fills aggregated ClusterRoles; ``workloads`` simulates nodes,
pods and everything that makes them. They see the API only through a ``Facade``, as any client would.
"""

NAMES = ("namespace", "gc", "serviceaccount", "quota", "aggregation", "workloads")
"""What ``--controllers`` may name; ``all`` is every one of them, ``none`` leaves a bare API server."""
