"""Keeping applications in sync as Argo CD does: marks, tracking, pairing, comparing, and the order of a sync.

In: targets, live objects, settings as plain values. Out: pairs, states of resources, and a pass of a sync as a generator of
commands (`engine`). Never talks to a cluster, asks no clock, starts nothing; health and permissions come in as functions.
"""
