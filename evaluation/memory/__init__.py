"""People made by a network of tastes and life facts, who talk for weeks; what is remembered of them is measured."""
