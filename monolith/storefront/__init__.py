"""The storefront domain of the monolith."""
