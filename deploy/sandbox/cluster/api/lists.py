"""Lists: consistent snapshots, in pages when a limit is given."""

import base64
import json

from deploy.sandbox.cluster.api import errors, events
from deploy.sandbox.cluster.api.query import Query, version_number
from deploy.sandbox.cluster.api.store import Store, TooOld
from deploy.sandbox.cluster.objects import Json, name, namespace

EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You must start a new list without the continue parameter."
)


def list_of(store: Store, query: Query) -> Json:
    matches = query.matches
    version, after = _start(store, query)
    found = [obj for obj in _objects(store, query, version) if matches(obj)]
    rest = [obj for obj in found if (namespace(obj), name(obj)) > after]
    page = rest[: query.limit] if query.limit > 0 else rest
    meta: Json = {"resourceVersion": str(version)}
    if len(page) < len(rest):
        meta["continue"] = _token(version, page[-1])
        if not query.selective:
            meta["remainingItemCount"] = len(rest) - len(page)
    return {
        "kind": f"{query.resource.kind}List",
        "apiVersion": query.resource.api_version,
        "metadata": meta,
        "items": [_item(query, obj) for obj in page],
    }


def _start(store: Store, query: Query) -> tuple[int, tuple[str, str]]:
    """The version to show, and the key after which this page begins."""
    if query.continue_token:
        return _read_token(query.continue_token)
    asked = version_number(query.resource_version or "0")
    if asked > store.version:
        details = {"causes": [{"reason": "ResourceVersionTooLarge"}], "retryAfterSeconds": 1}
        message = f"Too large resource version: {asked}, current: {store.version}"
        raise errors.timed_out(message, details)
    return (asked if query.exact_version and asked else store.version), ("", "")


def _objects(store: Store, query: Query, version: int) -> list[Json]:
    resource_id = query.resource.stored_as or query.resource.id
    if version == store.version:
        return store.all(resource_id, query.namespace)
    try:
        return store.all_at(version, resource_id, query.namespace)
    except TooOld as error:
        if query.continue_token:
            raise errors.expired(EXPIRED_CONTINUE) from error
        raise errors.too_old(version, store.oldest_version) from error


def _item(query: Query, obj: Json) -> Json:
    """The kind is said once, for the whole list."""
    shown = events.shown_form(query.resource, obj)
    return {key: value for key, value in shown.items() if key not in ("kind", "apiVersion")}


def _token(version: int, last: Json) -> str:
    text = json.dumps([version, namespace(last), name(last)])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        version, space, last = json.loads(base64.urlsafe_b64decode(token))
        return int(version), (str(space), str(last))
    except (ValueError, TypeError) as error:
        problem = f"invalid continue token: continue key is not valid: {error}"
        raise errors.bad_request(problem) from error
