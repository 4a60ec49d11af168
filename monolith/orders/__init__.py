"""The orders domain of the monolith."""
