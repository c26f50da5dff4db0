"""The Kustomize engine: a virtual tree and parameters in, resources with their origin and the set of files read out.

Pure, without global state: any number of builds may run at once. Knows nothing of the product.
"""
