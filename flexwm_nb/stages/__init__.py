"""Runs as they are shown alive, in a notebook or beside it: what is read of them, and what their buttons do."""
