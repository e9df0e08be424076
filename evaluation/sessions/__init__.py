"""Simulated people with hidden targets, those who try to serve them, and how well they do."""
