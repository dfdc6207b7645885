"""Time series of readings, scores and alerts: written, and read back."""
