"""Sprig's and Helm's functions: one module per family, each with a table of name, Go signature and Python function.

In go values as templates have them, out come results with Go's types; what Go would return as error or say in a panic is a
``GoError``. ``FUNCTIONS`` in ``table`` joins them all. Never loads a chart; random numbers and the clock come from
``services`` of the running render.
"""
