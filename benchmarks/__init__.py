"""What things cost: the engine beside the floors it stands on, in one run."""
