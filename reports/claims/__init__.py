"""The claims ledger: what is said and what was published, decided by this run's numbers alone."""
