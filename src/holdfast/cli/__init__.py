"""Verbs for people: parse, call, print.

One module per verb, named in ``cli.verbs``; what a verb needs is imported inside the verb, so that ``--help`` stays quick.
Never decides anything about clusters or repositories; never builds a client itself (``app`` does).
"""
