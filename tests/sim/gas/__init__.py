"""Tests of sim.gas."""
