"""Receivers: how a notification reaches people and machines; the only part of the room that does input and output."""
