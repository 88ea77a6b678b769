"""The auditor: green on what was recorded, red for each violation, and for that alone."""
