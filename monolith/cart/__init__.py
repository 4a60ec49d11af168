"""The cart domain of the monolith."""
