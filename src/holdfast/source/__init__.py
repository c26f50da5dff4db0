"""Fetch and verify Git, OCI, Helm repositories and buckets; yield a content-addressed Snapshot.

Never reaches the cluster: credentials come in as values.
"""
