"""Custom resources: what a definition may say, and what its schemas make of objects.

In: definitions and objects as data. Out: field errors, compiled schemas, defaulted and pruned objects. Never: storage, HTTP, discovery.
"""
