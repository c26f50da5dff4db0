"""RenderRequest in, Rendered out: choose the engine, substitute, decrypt, stamp ownership, memoise.

Comes in: a read-only tree and what a delivery asks of it. Goes out: the objects in apply order with the digest of everything
that was read. Never happens: a request to a cluster, or a decrypted byte on a disk.
"""
