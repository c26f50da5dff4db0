"""The one door to any Kubernetes API: kubeconfig, client, discovery, watches, impersonation.

In: references and objects as JSON data. Out: objects, watch events, and errors of ``cluster.errors`` which keep the
server's Status and say what to do next by their class. Never decides what to write; never reads the environment.
"""
