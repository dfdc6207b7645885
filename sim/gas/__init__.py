"""What leaks, how it spreads, and how detectors feel it; each model is imported from its own module."""

from sim.gas.plume import Plume

__all__ = ["Plume"]
