"""Holdfast keeps Kubernetes clusters equal to Git."""
