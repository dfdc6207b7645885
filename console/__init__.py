"""What an operator looks at: the web API and its page."""
