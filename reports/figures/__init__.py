"""Drawings: one function a figure, from computed results to a matplotlib Figure."""
