"""One module a command: options in, exit code out; what they do is elsewhere."""
