"""Each registered flag to where it is kept."""

from collections.abc import Mapping

from remediators.adapters.flags.file import RegisteredFlag
from remediators.adapters.flags.http import HttpStore
from remediators.adapters.flags.place import Flags, Store
from remediators.ports import Reached, not_reached
from remediators.reading import BadFile


def open_flags(
    cluster: str,
    registered: Mapping[str, RegisteredFlag],
    timeout_s: float,
    reached: Reached = not_reached,
) -> Flags:
    """Those of that cluster which are kept outside of it. Calls nobody. Raises BadFile."""
    stores = {
        name: store
        for name, flag in registered.items()
        if flag.cluster == cluster and (store := _store(flag, timeout_s))
    }
    return Flags(stores, reached)


def _store(flag: RegisteredFlag, timeout_s: float) -> Store | None:
    if flag.http is not None:
        return HttpStore(flag.http, timeout_s)
    if flag.ssm is None:
        return None
    try:
        from remediators.adapters.flags.ssm import SsmStore
    except ImportError as missing:
        raise BadFile(["a flag in SSM needs `pip install mendlog[eks]`"]) from missing
    return SsmStore(flag.ssm, timeout_s)
