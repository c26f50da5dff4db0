"""What a Kubernetes object is: references, YAML with Go's meaning, schemas, field sets, merges, selectors, quantities,
conditions. Pure.
"""
