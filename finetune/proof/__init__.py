"""Whether an adapter is worth serving, and whether what is served is what was trained."""
