"""A policy at one's desk: what it makes of an alert, what it decides in a story, and what another
one would change. Nothing here reads a topic or decides anything: the core does."""
