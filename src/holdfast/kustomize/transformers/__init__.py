"""One module per transformer: each changes the resources of a ``ResMap`` in place.

A transformer imports shared helpers (field specs, selectors, merges), never another transformer.
"""
