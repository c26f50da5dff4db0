"""Execute a Plan: server-side apply, prune, waiting between stages, inventory. Decides nothing."""
