"""The file of Jobs: typed as the API wants it, and refused whole with every fault's place."""

from pathlib import Path

import pytest

from remediators.adapters.job_templates import read_job_templates
from remediators.reading import BadFile

GOOD = """\
jobs:
  rebuild-index:
    apiVersion: batch/v1
    kind: Job
    metadata: {labels: {app: tools}}
    spec:
      ttlSecondsAfterFinished: 86400
      template:
        spec:
          restartPolicy: Never
          containers: [{name: main, image: "example/tools:7"}]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "jobs.yaml"
    file.write_text(text)
    return file


def test_numbers_stay_numbers(tmp_path: Path):
    found = read_job_templates(written(tmp_path, GOOD))
    assert found["rebuild-index"]["spec"]["ttlSecondsAfterFinished"] == 86400


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("86400", "3599", "jobs.yaml:7:32: jobs.rebuild-index.spec.ttlSecondsAfterFinished"),
        ("86400", '"86400"', "expected at least 3600"),
        ("      ttlSecondsAfterFinished: 86400\n", "", "expected at least 3600"),
        ("Never", "Always", "expected Never or OnFailure"),
        ("batch/v1", "v1", "expected a Job of batch/v1"),
        ("kind: Job", "kind: Pod", "expected a Job of batch/v1"),
        ("{labels: {app: tools}}", "{namespace: kube-system}", "only the action can say this"),
        ("{labels: {app: tools}}", "{name: x}", "only the action can say this"),
        ("      template:", "      suspend: true\n      template:", "not of a template"),
        ("rebuild-index", "Rebuild_Index", "not a name"),
        ("jobs:", "works:", "expected `jobs`"),
        ("{labels: {app: tools}}", "&a {labels: {}}", "anchors and aliases"),
        ("kind: Job", "kind: Job\n    kind: Job", "is here twice"),
        ("kind: Job", "kind: !!python/object:os.system Job", "is not allowed"),
    ],
)
def test_what_is_refused(tmp_path: Path, old: str, new: str, words: str):
    assert old in GOOD
    with pytest.raises(BadFile) as refused:
        read_job_templates(written(tmp_path, GOOD.replace(old, new)))
    assert words in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(BadFile, match="cannot be read"):
        read_job_templates(tmp_path / "none.yaml")
