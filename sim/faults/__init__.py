"""What goes wrong in a simulated plant, what only looks so, and the truth about it."""
