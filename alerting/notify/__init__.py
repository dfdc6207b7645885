"""Receivers: how one notification reaches people and devices."""
