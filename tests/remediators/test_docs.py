"""The page about actions names all that there is."""

import json
import re
from pathlib import Path

import yaml

from remediators.actions.catalog import CATALOG
from remediators.adapters.flags.file import read_flags
from remediators.adapters.git.file import read_repositories
from remediators.adapters.job_templates import read_job_templates
from remediators.clusters import read_clusters
from remediators.core.request import BODY_BYTES_MAX
from remediators.probes.catalog import PROBES
from remediators.settings import ExecutorSettings
from schemas.remediation import OutcomeReason

PAGE = (Path(__file__).parents[2] / "docs" / "actions.md").read_text()
UNUSED = {OutcomeReason.NONE, OutcomeReason.DUPLICATE, OutcomeReason.NO_ANSWER}
"""Not a refusal, not written by us, and told in words."""


def test_a_section_for_every_action():
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert {name for heading in headings for name in heading.split(", ")} >= set(CATALOG)


def test_every_reason_and_every_probe():
    missing = [r.value for r in OutcomeReason if r not in UNUSED and f"`{r.value}`" not in PAGE]
    assert not missing
    assert all(f"`{probe}`" in PAGE for probe in PROBES)


def test_the_figures():
    assert f"{BODY_BYTES_MAX // 1024} KiB" in PAGE
    assert f"{ExecutorSettings().actions_per_hour_max} actions an hour" in PAGE


def test_the_examples(tmp_path: Path):
    found = {}
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        (name,) = yaml.safe_load(text)
        found[name] = tmp_path / f"{name}.yaml"
        found[name].write_text(text)
    read_clusters(found.pop("clusters"))
    read_flags(found.pop("flags"))
    read_repositories(found.pop("repositories"))
    read_job_templates(found.pop("jobs"))
    assert not found
    (patch,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert len(json.loads(patch.replace("…the change…,", ""))) == 6
