"""Charts: what a directory or an archive holds, its dependencies, its values, its schema.

In goes a file tree or the bytes of a .tgz, out comes a ``Chart``; with a user's values, the values every chart of the family
sees. Never renders a template, never reaches the network or the disk.
"""
