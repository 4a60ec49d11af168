"""The accounts domain of the monolith."""
