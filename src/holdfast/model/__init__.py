"""The shared vocabulary: frozen values that more than one room speaks of.

No behaviour beyond digest and order. A type moves here the day a second room needs it, not before.
"""
