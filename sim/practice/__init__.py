"""Scenarios of simulated plants being run: their readings, their truth, the settings to watch them with."""
