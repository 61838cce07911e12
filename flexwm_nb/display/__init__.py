"""How things look: live lines, tables, frames, tracebacks. It gets data, and calls no service."""
