"""Encrypted files to plain bytes, given keys. One module per provider; never logs, never writes."""
