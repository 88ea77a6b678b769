"""The control loops: each looks at what is wanted and what is, and makes one step."""
