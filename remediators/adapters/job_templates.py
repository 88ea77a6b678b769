"""The file of Jobs that `run_job` may run: name to manifest, fixed by whoever runs the executor.

Refused where it is read, with the reason: a template that could not be run at most once, or that
the API would turn down when somebody needs it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from remediators.core.jobs import KEPT_S_MIN
from remediators.reading import BadFile, Document, read, read_text
from schemas.kinds import JOB

NAME = re.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
RESTARTS = ("Never", "OnFailure")
OURS = ("name", "generateName", "namespace", "ownerReferences", "uid", "finalizers")
"""Of its metadata, what only the action can say."""


def read_job_templates(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Raises BadFile with all that is wrong, each with its place."""
    text = read_text(path)
    document = read(text, str(path))
    # Every scalar of that is text; the API wants numbers as such.
    plain = yaml.safe_load(text)
    jobs = plain.get("jobs") if isinstance(plain, dict) and set(plain) == {"jobs"} else None
    if not isinstance(jobs, dict) or not jobs:
        raise BadFile([document.fault((), "expected `jobs`, of name to Job, and nothing else")])
    faults = [words for name, job in jobs.items() for words in _faults(document, name, job)]
    if faults:
        raise BadFile(faults)
    return jobs


def _faults(document: Document, name: Any, job: Any) -> list[str]:
    place = ("jobs", str(name))
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return [document.fault(place, "not a name: lower case, digits and dashes, at most 63")]
    return [document.fault((*place, *at), why) for at, why in _wrong(job)]


def _wrong(job: Any) -> list[tuple[tuple[str, ...], str]]:
    pods = _at(job, "spec", "template", "spec")
    if _at(job, "apiVersion") != "batch/v1" or _at(job, "kind") != JOB or not pods:
        return [((), "expected a Job of batch/v1 with a spec.template.spec")]
    found = [(("metadata", key), "only the action can say this") for key in OURS if _has(job, key)]
    kept_s = _at(job, "spec", "ttlSecondsAfterFinished")
    if type(kept_s) is not int or kept_s < KEPT_S_MIN:
        why = f"expected at least {KEPT_S_MIN}: what is sent again must find its name taken"
        found.append((("spec", "ttlSecondsAfterFinished"), why))
    if _at(job, "spec", "template", "spec", "restartPolicy") not in RESTARTS:
        place = ("spec", "template", "spec", "restartPolicy")
        found.append((place, f"expected {' or '.join(RESTARTS)}"))
    refused = ("selector", "manualSelector", "suspend", "managedBy")
    found += [(("spec", key), "not of a template") for key in refused if _at(job, "spec", key)]
    return found


def _has(job: Any, key: str) -> bool:
    return key in (_at(job, "metadata") or {})


def _at(value: Any, *path: str) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
