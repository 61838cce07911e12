"""The store: one SQLite database, owned by the server process alone."""
