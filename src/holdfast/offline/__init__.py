"""Whole repositories without a cluster: find the units, render them as the controller would, check and compare.

In: a tree. Out: a ``Survey`` (units and what they render to), findings, differences. Never reaches a cluster or the network;
what cannot be rendered here is named with the reason.
"""
