"""The prompt of the task `understand` and the schema of its answer."""
