"""HTTP: the application, its listener, bodies in, answers out."""
