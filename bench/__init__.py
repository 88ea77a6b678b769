"""Measuring this machine. Not part of the product, and never part of a test's verdict."""
