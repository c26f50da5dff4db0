"""Flux's resources: GitRepository, Kustomization and their kin, every version that Flux ever served."""
