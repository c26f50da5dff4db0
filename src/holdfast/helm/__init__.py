"""Charts, values, Go templates with Sprig, release records. Knows nothing of Flux or Argo CD."""
