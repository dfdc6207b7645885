"""Sensors seen together: one group a hazard source, judged in rounds by its own plane, and votes of redundant sensors."""
