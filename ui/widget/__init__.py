"""The chat for anybody's page: one script tag, a custom element, no build step."""
