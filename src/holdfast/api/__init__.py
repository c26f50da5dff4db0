"""HTTP for machines and people: webhooks in, metrics and artifacts out.

A webhook puts a key on the queue and does nothing else.
"""
