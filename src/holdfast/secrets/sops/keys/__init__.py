"""One module per provider of keys: a recipient and credentials in, the data key (or a share of it) out."""
