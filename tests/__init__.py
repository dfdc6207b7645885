"""Tests of hazwatch."""
