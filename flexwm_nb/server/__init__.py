"""The local engine: a server process that speaks Windmill's REST API and runs jobs on this machine."""
