"""Scripts: what may be stored, and how it is shown."""
