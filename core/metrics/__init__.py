"""What is measured of rankings, ratings and understanding, and how sure one can be of it."""
