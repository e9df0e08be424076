"""The whole way at tiny size: a base made from nothing, tuned, measured, verified and served."""
