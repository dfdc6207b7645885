"""Past periods shown by the console: each replay runs in a process of its own, beside the live pipeline."""
