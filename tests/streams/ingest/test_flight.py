"""Room for deliveries that are announced, that arrive, and that never come."""

import pytest

from schemas.topics import BODY_BYTES_MAX, KIB, MIB
from streams.ingest.flight import Flight, Share
from streams.ingest.refusal import Refused

LARGE = 2 * BODY_BYTES_MAX


def announced(flight: Flight) -> list[Share]:
    """As many of the largest deliveries as are let in, of none of which anything comes."""
    shares: list[Share] = []
    while True:
        share = Share(flight)
        try:
            share.keep(LARGE)
        except Refused:
            return shares
        shares.append(share)


def test_who_announces_large_bodies_and_sends_nothing_keeps_out_no_small_one() -> None:
    flight = Flight(64 * MIB)
    assert len(announced(flight)) == 6
    with Share(flight) as small:
        small.keep(128 * KIB)
        small.take(128 * KIB)


def test_what_has_arrived_may_fill_all_of_it() -> None:
    flight = Flight(64 * MIB)
    shares = [Share(flight) for _ in range(16)]
    for share in shares:
        share.take(4 * MIB)
    assert flight.bytes == 64 * MIB
    with pytest.raises(Refused):
        Share(flight).take(1)


def test_the_smallest_room_takes_the_largest_body() -> None:
    flight = Flight(LARGE)
    assert len(announced(flight)) == 1
    assert flight.bytes == LARGE


def test_what_was_announced_and_did_not_come_is_given_back() -> None:
    flight = Flight(64 * MIB)
    with Share(flight) as share:
        share.keep(1 * MIB)
        share.take(100)
        share.give_kept()
        assert flight.bytes == 100
    assert flight.bytes == 0
