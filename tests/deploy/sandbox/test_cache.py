"""Where things are kept: the user's cache, or right here when there is none."""

import threading
from pathlib import Path

import pytest

from deploy.sandbox.cache import cache_dir, exclusive, write_whole
from deploy.sandbox.errors import SandboxError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """No folder can be made in it, whoever asks: it is a file."""
    file = tmp_path / "blocked"
    file.touch()
    return file


def test_the_named_cache_comes_first(tmp_path: Path) -> None:
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    assert cache_dir(env) == tmp_path / "cache" / "mendlog"
    assert cache_dir(env).is_dir()


@pytest.mark.parametrize("named", [{}, {"XDG_CACHE_HOME": ""}, {"XDG_CACHE_HOME": "relative"}])
def test_without_a_named_cache_it_is_below_home(tmp_path: Path, named: dict[str, str]) -> None:
    assert cache_dir(named | {"HOME": str(tmp_path)}) == tmp_path / ".cache" / "mendlog"


def test_a_home_that_cannot_be_written_to_is_left_alone(blocked: Path, here: Path) -> None:
    assert cache_dir({"HOME": str(blocked)}) == here / ".cache" / "mendlog"


def test_nowhere_to_write_is_said_with_both_places(blocked: Path, here: Path) -> None:
    (here / ".cache").touch()
    with pytest.raises(SandboxError, match=r"Neither .*blocked.* nor .*here.*XDG_CACHE_HOME"):
        cache_dir({"HOME": str(blocked)})


def test_one_at_a_time_and_who_waits_says_so(tmp_path: Path) -> None:
    waits, order = threading.Event(), []

    def second() -> None:
        with exclusive(tmp_path / "lock", waits.set):
            order.append("second")

    late = threading.Thread(target=second)
    with exclusive(tmp_path / "lock", lambda: pytest.fail("nobody is inside")):
        late.start()
        assert waits.wait(30)
        order.append("first")
    late.join()
    assert order == ["first", "second"]


def test_a_text_is_replaced_and_no_draft_is_left(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "old")
    write_whole(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "new"
    assert {path.name for path in tmp_path.iterdir()} == {"file", "here"}
