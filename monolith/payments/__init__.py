"""The payments domain of the monolith."""
