"""The running machine: watches, a keyed queue, workers, the leader lease; sends status patches.

Binds a dialect to ``reconcile``. Requests carry a key, never an event: dropping, doubling or merging triggers changes nothing.
"""
