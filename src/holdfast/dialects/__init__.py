"""The languages people declare deliveries in: each translates its resources to ``model`` and outcomes back to status.

Pure. A dialect never fetches, renders, plans or applies, and never meets another dialect.
"""
