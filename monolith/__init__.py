"""The shop as a monolith: Flask, one process, one database, local transactions."""
