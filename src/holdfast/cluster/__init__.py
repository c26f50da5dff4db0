"""The one door to any Kubernetes API: client, discovery, watch, impersonation."""
