"""What a person sees while long work goes on."""

from io import StringIO

from deploy.sandbox.progress import Bars, Lines, Quiet, reporter


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_at_each_quarter() -> None:
    told = StringIO()
    with Lines(told).task("fetching", 40_000_000) as advance:
        for _ in range(40):
            advance(1_000_000)
    assert told.getvalue().splitlines() == [
        "fetching: 40 MB",
        "fetching: 10 MB done",
        "fetching: 20 MB done",
        "fetching: 30 MB done",
        "fetching: 40 MB done",
    ]


def test_a_terminal_gets_a_bar_and_lines_as_they_are() -> None:
    told = Terminal()
    bars = Bars(told)
    bars.say("[starting] Kafka on 127.0.0.1")
    with bars.task("fetching", 100) as advance:
        advance(100)
    assert told.getvalue().startswith("[starting] Kafka on 127.0.0.1\n")
    assert "fetching" in told.getvalue()


def test_the_reporter_suits_its_stream() -> None:
    assert isinstance(reporter(Terminal()), Bars)
    assert isinstance(reporter(StringIO()), Lines)


def test_quiet_takes_the_same_calls() -> None:
    quiet = Quiet()
    quiet.say("nothing")
    with quiet.task("nothing", 1) as advance:
        advance(1)
