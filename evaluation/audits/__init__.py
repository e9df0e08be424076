"""Audits: whether what is said is true, and whether who says it, how, and how often, changes what it must not change."""
