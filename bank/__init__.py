"""The bank: an outside party, simulated, the same for both stores and outside their budgets."""
