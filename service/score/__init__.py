"""How good the alerts were: alert lines against the truth of a simulation, and what other detectors make of the same."""
