"""Training sets from a workspace: chats as they are sent at run time, with the answers that were right."""
