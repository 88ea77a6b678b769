"""The broker's jars: only what the lock file names, from where the user's settings say."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import pytest

from deploy.sandbox import jar_lock, jars, maven
from deploy.sandbox.jar_lock import Jar
from deploy.sandbox.jars import JarMismatch, JarsUnavailable, ensure
from deploy.sandbox.progress import Lines, Quiet
from tests.deploy.sandbox.registry import FakeRegistry, mirror

NOBODY = "http://127.0.0.1:9/maven2"
"""The discard port: connections are refused."""
ONE, TWO = "org.example:one:1.0", "org.example.deep:two:2.5"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who never fetched anything, with settings of their own."""
    for name in ("M2_REPO", "JGO_CONFIG_FILE", "JGO_CACHE_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return folder


@pytest.fixture
def registry(home: Path) -> Iterator[FakeRegistry]:
    one = FakeRegistry()
    one.put(ONE, b"first jar")
    one.put(TWO, b"second jar")
    mirror(home, one.url)
    yield one
    one.close()


@pytest.fixture
def wanted(tmp_path: Path) -> list[Jar]:
    return [described(ONE, b"first jar", tmp_path), described(TWO, b"second jar", tmp_path)]


def described(coordinates: str, content: bytes, tmp_path: Path) -> Jar:
    sample = tmp_path / "sample.jar"
    sample.write_bytes(content)
    return Jar.of(coordinates, sample)


def test_jars_come_from_the_mirror_that_the_user_names(registry, wanted, tmp_path) -> None:
    found = ensure(wanted, tmp_path / "jars", Quiet())
    assert [path.name for path in found] == ["one-1.0.jar", "two-2.5.jar"]
    assert [path.read_bytes() for path in found] == [b"first jar", b"second jar"]


def test_nothing_is_asked_for_twice(registry, wanted, tmp_path) -> None:
    ensure(wanted, tmp_path / "jars", Quiet())
    registry.close()
    ensure(wanted, tmp_path / "jars", Quiet())
    assert registry.jars_asked() == 2


def test_a_touched_jar_is_verified_again_without_a_registry(
    registry, home, wanted, tmp_path
) -> None:
    [one, _] = ensure(wanted, tmp_path / "jars", Quiet())
    one.touch()
    mirror(home, NOBODY)
    ensure(wanted, tmp_path / "jars", Quiet())


def test_a_changed_jar_is_fetched_again_and_said_so(registry, wanted, tmp_path) -> None:
    [one, _] = ensure(wanted, tmp_path / "jars", Quiet())
    one.write_bytes(b"FIRST JAR")
    told = StringIO()
    ensure(wanted, tmp_path / "jars", Lines(told))
    assert one.read_bytes() == b"first jar"
    assert f"{one} is not what the lock file names" in told.getvalue()


def test_a_changed_jar_is_never_used_when_no_other_can_be_had(
    registry, home, wanted, tmp_path
) -> None:
    [one, _] = ensure(wanted, tmp_path / "jars", Quiet())
    one.write_bytes(b"FIRST JAR")
    mirror(home, NOBODY)
    with pytest.raises(JarsUnavailable, match=r": 1, the first of them org\.example:one:1\.0"):
        ensure(wanted, tmp_path / "jars", Quiet())
    assert not one.exists()


def test_a_registry_that_sends_something_else_is_refused(registry, wanted, tmp_path) -> None:
    registry.put(TWO, b"another jar")
    with pytest.raises(JarMismatch, match=r"(?s)two:2\.5 11 .* where kafka-jars\.lock has .* 10 "):
        ensure(wanted, tmp_path / "jars", Quiet())
    assert not (tmp_path / "jars" / "two-2.5.jar").exists()


def test_what_came_before_a_failure_is_kept(registry, wanted, tmp_path) -> None:
    registry.put(TWO, b"another jar")
    with pytest.raises(JarMismatch):
        ensure(wanted, tmp_path / "jars", Quiet())
    registry.put(TWO, b"second jar")
    ensure(wanted, tmp_path / "jars", Quiet())
    assert sorted(path.name for path in (tmp_path / "jars").glob("[!.]*")) == [
        "one-1.0.jar",
        "two-2.5.jar",
        "verified.json",
    ]


def test_what_a_killed_process_left_behind_goes(registry, wanted, tmp_path) -> None:
    half = tmp_path / "jars" / ".fetching" / "org/example/one/1.0/one-1.0.jar"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"first")
    ensure(wanted, tmp_path / "jars", Quiet())
    assert not (tmp_path / "jars" / ".fetching").exists()


def test_the_users_own_maven_repository_is_looked_at_first(
    home, wanted, tmp_path, monkeypatch
) -> None:
    mirror(home, NOBODY)
    repository = tmp_path / "repository"
    monkeypatch.setenv("M2_REPO", str(repository))
    for folder, name, content in (
        ("org/example/one/1.0", "one-1.0.jar", b"first jar"),
        ("org/example/deep/two/2.5", "two-2.5.jar", b"second jar"),
    ):
        (repository / folder).mkdir(parents=True)
        (repository / folder / name).write_bytes(content)
    assert len(ensure(wanted, tmp_path / "jars", Quiet())) == 2


def test_two_processes_fetch_each_jar_once(registry, wanted, tmp_path) -> None:
    lock_file = tmp_path / "two.lock"
    jar_lock.write(wanted, lock_file)
    code = (
        "import sys; from pathlib import Path; from deploy.sandbox import jar_lock, jars, progress;"
        "jars.ensure(jar_lock.read(Path(sys.argv[1])), Path(sys.argv[2]), progress.Quiet())"
    )
    argv = [sys.executable, "-c", code, str(lock_file), str(tmp_path / "jars")]
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(subprocess.run, argv, check=True) for _ in range(4)]
    assert all(one.result().returncode == 0 for one in running)
    assert registry.jars_asked() == 2


def test_offline_with_nothing_fetched_is_one_message(home: Path) -> None:
    mirror(home, NOBODY)
    argv = [sys.executable, "-m", "deploy.sandbox.jars", "fetch"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    count = len(jar_lock.read())
    message = ended.stderr.strip().splitlines()[-1]
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert f"missing from {home / 'cache' / 'mendlog' / 'jars'}: {count}" in message
    assert NOBODY in message
    assert "Connection refused" in message
    assert "Start once with a network" in message


def test_progress_adds_up_to_what_was_fetched(registry, wanted, tmp_path) -> None:
    told = StringIO()
    ensure(wanted, tmp_path / "jars", Lines(told))
    assert told.getvalue().splitlines()[0] == "fetching Kafka, 2 jars: 0 MB"


def test_a_lock_holds_the_roots_and_all_they_need_at_run_time(registry, tmp_path) -> None:
    registry.put(ONE, b"first jar", (TWO, "runtime"), ("org.example:tests:1.0", "test"))
    lock_file = tmp_path / "new.lock"
    jars.lock(lock_file, [ONE], Quiet())
    assert jar_lock.read(lock_file) == sorted(
        [described(ONE, b"first jar", tmp_path), described(TWO, b"second jar", tmp_path)]
    )


def test_our_lock_file_is_complete() -> None:
    locked = jar_lock.read()
    assert set(jars.ROOTS) <= {jar.coordinates for jar in locked}
    assert locked == sorted(set(locked))
    assert len({jar.file_name for jar in locked}) == len(locked)
    assert all(len(jar.sha256) == 64 and jar.size_bytes > 0 for jar in locked)


@pytest.mark.parametrize("mirror_of", ["central", "*", "external:*", "other, central"])
def test_a_mirror_covers_central(home: Path, mirror_of: str) -> None:
    mirror(home, "http://mirror.test/all/", mirror_of)
    assert maven.registries() == {"central": "http://mirror.test/all"}


@pytest.mark.parametrize("mirror_of", ["other", "*,!central", ""])
def test_a_mirror_does_not_cover_central(home: Path, mirror_of: str) -> None:
    unmirrored = maven.registries()
    mirror(home, "http://mirror.test/all", mirror_of)
    assert maven.registries() == unmirrored


def test_a_mirrors_address_may_name_the_environment(home: Path, monkeypatch) -> None:
    monkeypatch.setenv("MIRROR", "mirror.test")
    mirror(home, "http://${env.MIRROR}/all")
    assert maven.registries() == {"central": "http://mirror.test/all"}


def test_settings_that_cannot_be_read_are_named(home: Path) -> None:
    mirror(home, "http://mirror.test")
    (home / ".m2" / "settings.xml").write_text("<settings>")
    with pytest.raises(maven.RegistryError, match=r"settings\.xml cannot be read"):
        maven.registries()
