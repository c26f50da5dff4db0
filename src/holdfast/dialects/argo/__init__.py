"""Argo CD's kinds: what is written in them to ``model``, and outcomes back to their status. Pure; meets no other dialect."""
