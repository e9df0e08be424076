"""Audits: whether what is said is true, whether what must not change it does, how the product stands up to those against it, and how fast it is."""
