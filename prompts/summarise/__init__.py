"""The prompt of the task `summarise` and the schema of its answer."""
