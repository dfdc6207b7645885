"""From findings to graded alerts, their lifecycle, and who is told."""
