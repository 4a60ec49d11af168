"""The search domain of the monolith."""
