"""Flows on the client's side: built in Python, checked before they are sent, followed while they run."""
