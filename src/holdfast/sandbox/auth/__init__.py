"""Who may do what: RBAC, impersonation, access reviews, and the objects that every cluster has for them.

In: a user and what is asked; stored roles and bindings. Out: a decision with its reason, or a refusal. Never: HTTP bodies.
"""
