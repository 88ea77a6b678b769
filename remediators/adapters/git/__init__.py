"""Repositories that are reverted in, through the program `git`."""
