"""On the path of every hazwatch that a test starts: the guard is there from its first moment."""
