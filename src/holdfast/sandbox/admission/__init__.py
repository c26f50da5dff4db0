"""Admission: what the server adds to or refuses in objects because of other objects.

In: a call, a resource, the new and the old object, a reader of other objects. Out: the new object changed, or a refusal. Never: HTTP, storage.
"""
