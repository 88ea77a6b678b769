"""A small shop's checkout: a service worth breaking, and worth mending."""
