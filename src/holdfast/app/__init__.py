"""Configuration and wiring: the one place where concrete parts meet.

Flags, environment and files are read here once and handed on as plain values. Nothing below reads an environment variable.
"""
