"""The words that ask a model to put what somebody says into other words."""
