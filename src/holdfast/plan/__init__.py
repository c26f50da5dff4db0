"""Rendered and live to Plan: compare, ignore rules, order, waves, prune set, with a reason for every change. Pure."""
