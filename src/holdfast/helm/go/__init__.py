"""What Go's standard library means, for templates: types, fmt, strconv, regexp, time, JSON, URLs, paths.

In go Python values that stand for Go values (see ``types``), out come results and error texts as Go gives them. Never
knows a chart, a template or a file.
"""
