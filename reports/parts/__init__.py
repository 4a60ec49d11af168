"""Chapters of the report: from results to sentences, figures and tables."""
