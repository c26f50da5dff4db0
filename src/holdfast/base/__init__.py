"""Language helpers with no Kubernetes in them: clock, digest, error roots, task groups, backoff, memo."""
