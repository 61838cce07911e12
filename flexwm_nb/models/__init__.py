"""The documents that travel between client and engine; nothing here does any input or output."""
