"""What is kept of people and their conversations: the ledger, over SQLite or PostgreSQL, and what LangGraph keeps beside it."""
