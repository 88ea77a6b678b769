"""What a worker leaves behind about its places in its groups, and what the next makes of it."""

from pathlib import Path

from aiokafka.errors import KafkaConnectionError

from streams.host.seats import NAME, Seats


class Groups:
    """Consumer groups and their members, as far as leaving goes."""

    def __init__(self, *members: tuple[str, str], reachable: bool = True) -> None:
        self.members = set(members)
        self.reachable = reachable

    async def leave(self, group: str, member: str) -> bool:
        if not self.reachable:
            raise KafkaConnectionError("no broker")
        if (group, member) not in self.members:
            return False
        self.members.remove((group, member))
        return True


async def test_the_next_gives_up_every_seat_of_the_one_before_and_no_other(tmp_path: Path):
    first = Seats(tmp_path)
    first.take("mendlog", "a-1")
    first.take("mendlog-detect", "d-1")
    first.take("mendlog", "a-2")
    groups = Groups(("mendlog", "a-2"), ("mendlog-detect", "d-1"), ("mendlog", "other"))
    await Seats(tmp_path).give_up_old_ones(groups)
    assert groups.members == {("mendlog", "other")}


async def test_seats_that_have_ended_are_no_trouble(tmp_path: Path):
    Seats(tmp_path).take("mendlog", "a-1")
    groups = Groups(("mendlog", "other"))
    await Seats(tmp_path).give_up_old_ones(groups)
    assert groups.members == {("mendlog", "other")}


async def test_a_note_that_was_cut_off_is_none(tmp_path: Path):
    (tmp_path / NAME).write_text('{"mendlog": "a-')
    groups = Groups(("mendlog", "a-1"))
    await Seats(tmp_path).give_up_old_ones(groups)
    assert groups.members == {("mendlog", "a-1")}


async def test_a_broker_that_does_not_answer_keeps_nobody_from_starting(tmp_path: Path):
    Seats(tmp_path).take("mendlog", "a-1")
    groups = Groups(("mendlog", "a-1"), reachable=False)
    await Seats(tmp_path).give_up_old_ones(groups)
    assert groups.members == {("mendlog", "a-1")}
