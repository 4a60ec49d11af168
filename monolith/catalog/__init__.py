"""The catalog domain of the monolith."""
