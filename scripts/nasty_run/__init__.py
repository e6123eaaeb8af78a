"""What scripts/nasty.py is made of: the truth of a file, programs that are handed it, and what sets an answer apart from the truth."""
