"""An embedded Kubernetes-compatible API server: revisioned store, watch, apply, admission, discovery, OpenAPI.

A stranger in this house: the product reaches it only as it reaches any cluster, through ``cluster``.
"""
