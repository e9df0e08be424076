"""The prompt of the task `explain` and the schema of its answer."""
