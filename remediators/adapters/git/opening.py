"""Each registered repository to its forge, where it has one."""

from remediators.adapters.git.file import RegisteredRepository
from remediators.adapters.git.forge import Forge
from remediators.adapters.git.github import GitHub
from remediators.adapters.git.gitlab import GitLab


def open_forge(registered: RegisteredRepository, timeout_s: float) -> Forge | None:
    """Calls nobody."""
    forge = registered.forge
    if forge is None:
        return None
    kind = GitHub if forge.kind == "github" else GitLab
    return kind(forge, registered.branch, timeout_s)
