"""What we write to people: the notices, how they are worded, and how they leave."""
