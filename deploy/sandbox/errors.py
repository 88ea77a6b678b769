"""What the sandbox says when it cannot go on, in words for the person at the terminal."""


class SandboxError(Exception):
    """The message is the whole story: commands print it without a traceback."""
