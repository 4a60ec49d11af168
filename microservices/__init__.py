"""The shop as services with a database each; see docs/side-by-side.md for its twin."""
