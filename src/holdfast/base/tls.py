"""Whom a client of TLS trusts, judged alike on every version of Python and as Go judges."""

from __future__ import annotations

import ssl


def client_context(ca: str = "") -> ssl.SSLContext:
    """Trusts the authorities in ``ca`` (PEM), or the system's where it is empty.

    From Python 3.13 on the default refuses certificates that lack key identifiers; many private authorities make such, Kubernetes' own
    among them, and Go takes them.
    """
    context = ssl.create_default_context(cadata=ca or None)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
