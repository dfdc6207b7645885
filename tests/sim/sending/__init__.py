"""Tests of what stands between the true value and the broker."""
