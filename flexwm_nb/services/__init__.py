"""What an engine offers, one small class each, on one client."""
