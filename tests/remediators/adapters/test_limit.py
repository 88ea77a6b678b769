"""How often an API server is asked, on a clock that only waiting moves."""

from hypothesis import given
from hypothesis import strategies as st

from remediators.adapters.kubernetes.limit import Bucket
from remediators.clusters import ApiLimits


class Here:
    def __init__(self, per_s: float, burst: int) -> None:
        self.at_s = 100.0
        limits = ApiLimits(requests_per_s=per_s, burst=burst)
        self.bucket = Bucket(limits, lambda: self.at_s, self.sleep)

    def sleep(self, s: float) -> None:
        self.at_s += s


def test_a_burst_goes_at_once_and_the_rest_at_its_pace():
    here = Here(per_s=10, burst=3)
    assert [here.bucket.take(1) for _ in range(3)] == [0, 0, 0]
    assert here.at_s == 100
    for _ in range(5):
        assert here.bucket.take(1) == 0
    assert round(here.at_s, 6) == 100.5


def test_nobody_waits_longer_than_it_may_and_then_takes_nothing():
    here = Here(per_s=0.5, burst=1)
    here.bucket.take(0)
    assert here.bucket.take(1.9) == 2
    assert (here.bucket.take(1.9), here.at_s) == (2, 100)
    assert (here.bucket.take(2), here.at_s) == (0, 102)


def test_what_is_not_used_is_not_saved_beyond_the_burst():
    here = Here(per_s=10, burst=2)
    here.at_s += 3600
    assert [here.bucket.take(0) for _ in range(3)] == [0, 0, 0.1]


@given(
    st.floats(0.1, 100),
    st.integers(1, 20),
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), max_size=50),
)
def test_never_more_than_the_burst_and_the_pace(
    per_s: float, burst: int, asked: list[tuple[float, float]]
):
    """Whenever it is asked, and however long each may wait."""
    here = Here(per_s, burst)
    taken = 0
    for pause_s, wait_s in asked:
        here.at_s += pause_s
        taken += here.bucket.take(wait_s) == 0
        assert taken <= burst + (here.at_s - 100) * per_s + 1e-6
