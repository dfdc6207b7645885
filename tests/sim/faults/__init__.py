"""Faults, look-alikes and the truth about them."""
