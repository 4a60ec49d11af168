"""Budgets: the whole architecture in one group, limited and accounted by the kernel."""
