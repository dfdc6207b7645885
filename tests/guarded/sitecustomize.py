"""Python imports this at its start where its folder is on PYTHONPATH: keeps a program that a test started on this machine."""

from tests.guard import guard

__all__ = ["guard"]
