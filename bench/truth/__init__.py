"""How right detectors are: scores against labelled recordings, and the detectors that stand beside the bank."""
