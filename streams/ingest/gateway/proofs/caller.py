"""What a request shows of who sent it."""

from dataclasses import dataclass

from multidict import MultiMapping


@dataclass(frozen=True, slots=True)
class Caller:
    format: str
    """The door that it came to."""
    headers: MultiMapping[str]
    """By name, in whatever case."""
    peer: str = ""
    """The address that the connection comes from."""
    name: str | None = None
    """Who it says it is."""
    now_s: float = 0.0

    def all(self, header: str) -> list[str]:
        """Every value of a header, in the order in which they came."""
        return list(self.headers.getall(header, ()))
