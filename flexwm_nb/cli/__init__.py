"""The command line: `flexwm`."""
