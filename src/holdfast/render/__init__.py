"""RenderRequest to Rendered: choose the engine, substitute, decrypt, stamp ownership, memoise.

Same digest, same result, no work. Decrypted results never reach a memo on disk. Never reaches the cluster.
"""
