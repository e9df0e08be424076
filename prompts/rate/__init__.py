"""The prompt of the task `rate` and the schema of its answer."""
