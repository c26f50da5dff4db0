"""Benchmarks: one module per row of docs/performance.md."""
