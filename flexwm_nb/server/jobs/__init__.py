"""The jobs of the engine: taken in, queued, run, shown."""
