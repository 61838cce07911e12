"""The real Windmill, found or built on this machine and run for as long as somebody uses it."""
