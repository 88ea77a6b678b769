"""`mendlog notifier`: checking a file, and what a start without one says."""

from pathlib import Path

from deploy.cli.faults import BAD_CONFIGURATION, FAILED, USAGE
from tests.deploy.cli.conftest import Mendlog
from tests.remediators.notify.builders import FILE


def test_a_good_file_says_where_its_secrets_are(mendlog: Mendlog, tmp_path: Path) -> None:
    path = tmp_path / "notifier.yaml"
    path.write_text(FILE)
    done = mendlog("notifier", "--check", str(path))
    assert done.exit_code == 0
    assert f"{path}: good; 3 receivers, 3 channels\n" in done.out
    assert "channel pager takes its routing_key from the environment variable PAGERDUTY_KEY" in (
        done.out
    )


def test_a_wrong_file_says_all_that_is_wrong(mendlog: Mendlog, tmp_path: Path) -> None:
    path = tmp_path / "notifier.yaml"
    path.write_text(FILE.replace("per_minute: 20", "per_minute: 08"))
    done = mendlog("notifier", "--check", str(path))
    assert done.exit_code == FAILED
    assert done.err.count("expected a whole number") == 3


def test_a_file_that_is_not_there_is_a_matter_of_usage(mendlog: Mendlog, tmp_path: Path) -> None:
    assert mendlog("notifier", "--check", str(tmp_path / "none")).exit_code == USAGE


def test_without_a_file_there_is_nobody_to_tell(mendlog: Mendlog) -> None:
    done = mendlog("notifier")
    assert done.exit_code == BAD_CONFIGURATION
    assert done.err == "mendlog: MENDLOG_NOTIFIER_FILE: field required\n"
