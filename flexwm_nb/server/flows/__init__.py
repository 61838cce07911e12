"""The flows of the engine: checked, started, carried on from step to step, shown."""
