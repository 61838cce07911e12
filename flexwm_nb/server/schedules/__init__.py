"""Runs by the clock: when they are due, and how they are submitted."""
