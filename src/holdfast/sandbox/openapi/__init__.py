"""OpenAPI v2 and v3 of what is served: built-in kinds from the published schemas, custom ones from their definitions.

In: the catalogue; out: documents as bytes, made when first asked for and again when the catalogue has changed.
"""
