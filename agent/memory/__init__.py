"""What is remembered of people: what they tell, what they like, and what was said when."""
