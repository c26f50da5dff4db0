"""The language of Go's text/template: lexer, parser, and a compiler to closures.

In goes the text of a template, out comes a compiled template that can be executed many times over different data, or an
error with Go's text and place. Never knows a chart; functions are handed in as a table.
"""
