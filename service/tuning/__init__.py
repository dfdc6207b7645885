"""Calibration: thresholds from a recording of normal operation, and old against new settings on one recording."""
