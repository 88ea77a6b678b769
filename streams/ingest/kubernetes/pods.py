"""A pod's status -> its troubles. A pure function of the object: when they hold is said in times of
the status, so a watcher that begins anew says the same."""

from collections.abc import Iterator, Sequence

from streams.ingest.kubernetes.shapes import Container, Pod, State, Terminated
from streams.ingest.kubernetes.trouble import WARNING, Trouble, at_ms, shortened
from streams.ingest.kubernetes.workload import workload

OOM_KILLED = "OOMKilled"
OOM_FIRES_MS = 600_000
"""That a container was killed for its memory is an event: the status keeps it until the next end,
which may be for months. Ten minutes is when the kubelet itself holds a container to be well again
and forgets its restarts."""
CRASH_LOOP = "CrashLoopBackOff"
STEADY_MS = 300_000
"""A container in a crash loop runs for moments between its ends. That is no end of the loop until
it has run for longer than the longest back-off."""
IMAGE = frozenset(
    {
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
    }
)
"""They follow one another, and are one alert."""
MAKING = frozenset({"ContainerCreating", "PodInitializing"})
UNSCHEDULABLE = frozenset({"Unschedulable", "SchedulerError"})
"""The condition keeps its time where one follows the other, so they are one trouble."""
UNSCHEDULABLE_MS = 120_000
"""An autoscaler brings a node in that time, or it does not."""
OVER = frozenset({"Succeeded", "Failed"})
"""Phases that nothing follows: how the containers of an evicted pod stand, they stand for ever."""
ALWAYS, ON_FAILURE, NEVER = "Always", "OnFailure", "Never"


def troubles_of(pod: Pod) -> tuple[Trouble, ...]:
    """None of a pod that is being deleted: nobody wants it any more. Of one that is over, only what
    it was killed for."""
    if pod.metadata.deletion_timestamp is not None:
        return ()
    if pod.status.phase in OVER:
        return tuple(_kills(pod))
    return (*_kills(pod), *_containers(pod), *_scheduling(pod))


def _statuses(pod: Pod) -> Sequence[Container]:
    status = pod.status
    return (*(status.init_container_statuses or ()), *(status.container_statuses or ()))


def _kills(pod: Pod) -> Iterator[Trouble]:
    for one in _statuses(pod):
        states = (one.state or State(), one.last_state or State())
        ends = [state.terminated for state in states]
        if killed := [end for end in ends if end and end.reason == OOM_KILLED]:
            yield _killed(pod, one, killed)


def _containers(pod: Pod) -> Iterator[Trouble]:
    policies = _policies_of_init(pod)
    for one in _statuses(pod):
        yield from _of(pod, one, policies.get(one.name, pod.spec.restart_policy))


def _policies_of_init(pod: Pod) -> dict[str, str]:
    """An init container that ends well has done its part; but a sidecar is one that always runs."""
    whole = NEVER if pod.spec.restart_policy == NEVER else ON_FAILURE
    policies = {one.name: whole for one in pod.status.init_container_statuses or ()}
    for spec in pod.spec.init_containers or ():
        if spec.restart_policy == ALWAYS:
            policies[spec.name] = ALWAYS
    return policies


def _of(pod: Pod, one: Container, policy: str) -> Iterator[Trouble]:
    state, last = one.state or State(), (one.last_state or State()).terminated
    if state.waiting and state.waiting.reason in IMAGE:
        yield Trouble(
            _labels("KubernetesImagePullBackOff", pod, one),
            f"{_name(pod)}: the image of {one.name} cannot be had ({state.waiting.reason})",
            shortened(state.waiting.message),
        )
    yield from _loop(pod, one, policy, state, last)


def _killed(pod: Pod, one: Container, ends: Sequence[Terminated]) -> Trouble:
    at = max((ms for end in ends if (ms := at_ms(end.finished_at)) is not None), default=None)
    return Trouble(
        _labels("KubernetesOOMKilled", pod, one),
        f"{_name(pod)}: {one.name} was killed, for it took more memory than it may",
        f"{one.restart_count} restarts",
        since_ms=at,
        # Of an end without a time nobody can say that it was lately.
        until_ms=at + OOM_FIRES_MS if at is not None else 0,
    )


def _loop(
    pod: Pod, one: Container, policy: str, state: State, last: Terminated | None
) -> Iterator[Trouble]:
    labels = _labels("KubernetesCrashLoopBackOff", pod, one)
    summary = f"{_name(pod)}: {one.name} ends again and again"
    if state.waiting and state.waiting.reason == CRASH_LOOP:
        why = shortened(f"{_why(last)}; {state.waiting.message}" if last else state.waiting.message)
        yield Trouble(labels, summary, why, since_ms=at_ms(last.finished_at) if last else None)
    elif state.waiting and last and one.restart_count:
        # It waits for something else in between, as `RunContainerError`, and was not well since.
        yield Trouble(labels, summary, _why(last), lingers=True)
    elif state.running and last and one.restart_count:
        started_ms = at_ms(state.running.started_at)
        if started_ms is not None:
            yield Trouble(
                labels, summary, _why(last), until_ms=started_ms + STEADY_MS, lingers=True
            )
    elif state.terminated and _comes_back(policy, state.terminated):
        yield Trouble(labels, summary, _why(state.terminated), lingers=True)


def _comes_back(policy: str, end: Terminated) -> bool:
    return policy == ALWAYS or (policy == ON_FAILURE and end.exit_code != 0)


def _why(end: Terminated) -> str:
    return f"last ended with {end.exit_code} ({end.reason or 'no reason given'})"


def _scheduling(pod: Pod) -> Iterator[Trouble]:
    for one in pod.status.conditions or ():
        if (one.type, one.status) == ("PodScheduled", "False") and one.reason in UNSCHEDULABLE:
            since_ms = at_ms(one.last_transition_time)
            yield Trouble(
                _labels("KubernetesFailedScheduling", pod),
                f"{_name(pod)}: no node takes it",
                shortened(one.message),
                since_ms=since_ms,
                from_ms=None if since_ms is None else since_ms + UNSCHEDULABLE_MS,
            )


def _labels(alertname: str, pod: Pod, container: Container | None = None) -> dict[str, str]:
    found = {
        "alertname": alertname,
        "severity": WARNING,
        "namespace": pod.metadata.namespace,
        "pod": pod.metadata.name,
        "container": container.name if container else "",
        "node": pod.spec.node_name,
        **workload(pod.metadata),
    }
    return {name: text for name, text in found.items() if text}


def _name(pod: Pod) -> str:
    return f"{pod.metadata.namespace}/{pod.metadata.name}"


def waits_as(pod: Pod) -> dict[str, str] | None:
    """Its labels while it has a node and no container of it could be made yet."""
    meta = pod.metadata
    is_over = meta.deletion_timestamp is not None or pod.status.phase in OVER
    if is_over or not pod.spec.node_name:
        return None
    states = [one.state.waiting for one in _statuses(pod) if one.state]
    making = any(state is not None and state.reason in MAKING for state in states)
    return _labels("KubernetesPodStuck", pod) if making else None
