"""The static side of the Common Expression Language as the API server sees it: syntax, types, costs.

Expressions are evaluated elsewhere (``crd.expressions``); nothing here runs one.
"""
