"""One module per generator: each makes new resources from a few arguments and files."""
