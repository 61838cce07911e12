"""Levels of isolation: what a job's process may reach and use."""
