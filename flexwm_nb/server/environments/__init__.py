"""Packages that scripts need: which they are, and the folders that they are kept in."""
