"""Seeded worlds in which the real code runs on a pretended broker, network, clock and cluster."""
