"""How an engine is found, started and stopped: one backend for each kind."""
