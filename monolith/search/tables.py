"""The search domain has no table of its own: its index is a column of `products`."""

from monolith.catalog.tables import products

documents = products
"""On the right this is a table in another database, fed by the catalog's changes."""
