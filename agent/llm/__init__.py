"""The language-model engine: what a chat model adds to the compact engine, checked step by step."""
