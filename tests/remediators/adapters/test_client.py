"""One request on a real socket: what it means for the request, whatever the server does."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from remediators.adapters.kubernetes.access import BadClusterAddress
from remediators.adapters.kubernetes.answers import RETRY_AFTER_MS, Raw, reply_of
from remediators.adapters.kubernetes.client import ApiServer
from remediators.adapters.kubernetes.wire import Call
from remediators.clusters import ApiLimits, CircuitLimits, ClusterAddress
from remediators.core.reply import Answer, Reply

BODY = b'[{"op":"test","path":"/a","value":1}]'
JSON_PATCH = "application/json-patch+json"
PATIENT_S = 30.0
IMPATIENT_S = 0.3
WITHIN_S = 30.0

Script = Callable[[socket.socket], None]


class Server:
    """Accepts connections and plays one script on each, in order; the last repeats."""

    def __init__(self, *scripts: Script) -> None:
        self.requests: list[bytes] = []
        self._scripts = list(scripts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._last: object = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            connection, peer = self._listener.accept()
            if peer == self._last:
                connection.close()
                return
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            with connection:
                self.requests.append(_request(connection))
                script(connection)

    def close(self) -> None:
        """Whoever has come until now is listened to first, also one who did not wait for it."""
        if self._thread.is_alive():
            with socket.socket() as last:
                last.bind(("127.0.0.1", 0))
                self._last = last.getsockname()
                last.connect(self._listener.getsockname())
                self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()
        self._listener.close()


def _request(connection: socket.socket) -> bytes:
    """All of it: the headers, and the body that they announce."""
    got = b""
    while b"\r\n\r\n" not in got:
        if not (part := connection.recv(65536)):
            return got
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [h for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answers(text: str, body: str = "{}", *headers: str) -> Script:
    lines = [f"HTTP/1.1 {text}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return lambda connection: connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


def cuts(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def hangs(connection: socket.socket) -> None:
    connection.recv(1)


def truncates(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def drips(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    try:
        while True:
            connection.sendall(b" ")
            time.sleep(IMPATIENT_S / 10)
    except OSError:
        pass


def patience_s(*scripts: Script) -> float:
    """A slow machine is no slow server: only who waits for nothing at all is impatient."""
    return IMPATIENT_S if {hangs, drips} & {*scripts} else PATIENT_S


@contextmanager
def serving(*scripts: Script) -> Iterator[tuple[Server, ApiServer]]:
    server = Server(*scripts)
    api = ApiServer(ClusterAddress(url=server.url), patience_s(*scripts), 2)
    try:
        yield server, api
    finally:
        api.close()
        server.close()


def call(in_time: bool = True, on_sent: Callable[[], None] = lambda: None) -> Call:
    return Call(lambda: in_time, on_sent)


def change(api: ApiServer, using: Call | None = None) -> Reply:
    return api.change("PATCH", "/thing", BODY, JSON_PATCH, using or call())


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        (answers("200 OK"), Answer.DONE),
        (answers("201 Created"), Answer.DONE),
        (answers("404 Not Found"), Answer.NOT_FOUND),
        (answers("409 Conflict"), Answer.CONFLICT),
        (answers("422 Unprocessable Entity"), Answer.UNPROCESSABLE),
        (answers("401 Unauthorized"), Answer.FORBIDDEN),
        (answers("403 Forbidden"), Answer.FORBIDDEN),
        (answers("400 Bad Request"), Answer.INVALID),
        (answers("415 Unsupported Media Type"), Answer.INVALID),
        (answers("429 Too Many Requests"), Answer.THROTTLED),
        (answers("408 Request Timeout"), Answer.UNSURE),
        (answers("500 Internal Server Error"), Answer.UNSURE),
        (answers("503 Service Unavailable"), Answer.UNSURE),
        (answers("504 Gateway Timeout"), Answer.UNSURE),
        (answers("307 Temporary Redirect", "", "Location: /other"), Answer.INVALID),
        (cuts, Answer.UNSURE),
        (hangs, Answer.UNSURE),
        (truncates, Answer.UNSURE),
        (lambda connection: connection.sendall(b"nonsense\r\n\r\n"), Answer.UNSURE),
    ],
)
def test_it_is_sent_once_and_the_answer_is_told(script: Script, answer: Answer):
    with serving(script) as (server, api):
        assert change(api).answer is answer
    assert len(server.requests) == 1


@pytest.mark.parametrize("verb", ["PATCH", "POST", "PUT", "DELETE"])
def test_no_verb_is_repeated_by_the_library(verb: str):
    with serving(cuts, answers("200 OK")) as (server, api):
        assert api.change(verb, "/thing", BODY, JSON_PATCH, call()).answer is Answer.UNSURE
        assert len(server.requests) == 1


def test_the_bytes_are_ours_and_so_is_the_content_type():
    with serving(answers("200 OK")) as (server, api):
        change(api)
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert body == BODY
        assert f"content-type: {JSON_PATCH}".encode() in head.lower()


def test_a_refused_connection_has_sent_nothing():
    with serving(answers("200 OK")) as (server, api):
        server.close()
        assert change(api).answer is Answer.NEVER_SENT


def test_stopped_at_the_last_moment_no_byte_leaves():
    with serving(hangs) as (server, api):
        assert change(api, call(in_time=False)).answer is Answer.HELD_BACK
        api.close()
    assert server.requests in ([], [b""])


def test_the_hook_is_called_when_all_is_sent_and_nothing_is_read():
    seen_before_answer = threading.Event()
    let_answer = threading.Event()

    def waits(connection: socket.socket) -> None:
        assert let_answer.wait(WITHIN_S)
        answers("200 OK")(connection)

    with serving(waits) as (server, api):

        def on_sent() -> None:
            deadline_s = time.monotonic() + WITHIN_S
            while not server.requests and time.monotonic() < deadline_s:
                time.sleep(0.001)
            if server.requests and server.requests[0].endswith(BODY):
                seen_before_answer.set()
            let_answer.set()

        assert change(api, call(on_sent=on_sent)).answer is Answer.DONE
    assert seen_before_answer.is_set()


def test_an_answer_that_drips_for_ever_is_given_up(monkeypatch):
    """To the end it would take hours."""
    monkeypatch.setattr("remediators.adapters.kubernetes.client.CONNECT_S", 0.1)
    with serving(drips) as (_, api):
        assert change(api).answer is Answer.UNSURE


@pytest.mark.parametrize(
    ("text", "wait_ms"),
    [
        ("7", 7_000),
        ("", RETRY_AFTER_MS),
        ("Wed, 21 Oct 2026 07:28:00 GMT", RETRY_AFTER_MS),
        ("9" * 5_000, 999_999_999_000),
    ],
)
def test_how_long_the_server_wants_to_be_left_alone(text: str, wait_ms: int):
    headers = {"Retry-After": text} if text else {}
    assert reply_of(Raw(429, headers, b"")).retry_after_ms == wait_ms


def test_what_the_server_says_is_told():
    status = b'{"kind": "Status", "message": "testing value /metadata/uid failed"}'
    assert reply_of(Raw(422, {}, status)).detail == "422: testing value /metadata/uid failed"
    assert "gateway" in reply_of(Raw(502, {}, b"<html>bad gateway")).detail


def test_a_reading_that_is_not_json_is_no_reading():
    with serving(answers("200 OK", "<html>")) as (_, api):
        found = api.get("/thing")
    assert isinstance(found, Reply)
    assert found.answer is Answer.UNSURE


@pytest.mark.parametrize(
    "address",
    [
        ClusterAddress(in_cluster=True),
        ClusterAddress(context="nobody", kubeconfig="/nonexistent"),
    ],
)
def test_an_address_that_cannot_be_used(address: ClusterAddress):
    with pytest.raises(BadClusterAddress):
        ApiServer(address, 1.0, 1)


# A server that does not answer.

PAUSE = CircuitLimits(failures_max=2, open_first_s=0.05, open_most_s=0.05)
LONG = CircuitLimits(failures_max=2, open_first_s=60, open_most_s=60)


@contextmanager
def limited(
    circuit: CircuitLimits, *scripts: Script, limits: ApiLimits | None = None
) -> Iterator[tuple[Server, ApiServer, list[bool]]]:
    server = Server(*scripts)
    told: list[bool] = []
    address = ClusterAddress(url=server.url, circuit=circuit, limits=limits or ApiLimits())
    api = ApiServer(address, patience_s(*scripts), 2, lambda is_open, _: told.append(is_open))
    try:
        yield server, api, told
    finally:
        api.close()
        server.close()


def asked(server: Server) -> list[str]:
    """Connections over which nothing came are none."""
    return [request.split(b" HTTP")[0].decode() for request in server.requests if request]


@pytest.mark.parametrize("script", [hangs, cuts, answers("503 Service Unavailable")])
def test_after_some_failures_it_is_not_asked(script: Script):
    with limited(LONG, script) as (server, api, told):
        for _ in range(2):
            assert change(api).answer is Answer.UNSURE
        for _ in range(5):
            reply = change(api)
            assert reply.answer is Answer.NEVER_SENT
            assert reply.detail.startswith("not asked for ")
            assert 0 < reply.retry_after_ms <= 60_000
        assert isinstance(api.get("/thing"), Reply)
    assert (len(server.requests), told) == (2, [True])


def test_connections_that_are_refused_count_too():
    with limited(LONG, answers("200 OK")) as (server, api, told):
        server.close()
        for _ in range(3):
            assert change(api).answer is Answer.NEVER_SENT
        assert told == [True]


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "409 Conflict", "429 No"])
def test_a_server_that_refuses_is_there(status: str):
    with limited(LONG, answers(status)) as (server, api, told):
        for _ in range(6):
            change(api)
        assert (len(server.requests), told) == (6, [])


def test_what_was_held_back_says_nothing_of_the_server():
    with limited(LONG, answers("200 OK")) as (_, api, told):
        for _ in range(4):
            assert change(api, call(in_time=False)).answer is Answer.HELD_BACK
        assert told == []


def again_and_again(ask: Callable[[], Reply]) -> Reply:
    """Until it is more than that it is not asked."""
    deadline_s = time.monotonic() + WITHIN_S
    while (reply := ask()).answer is Answer.NEVER_SENT and time.monotonic() < deadline_s:
        time.sleep(0.005)
    return reply


def test_it_is_asked_something_harmless_before_it_is_asked_to_change_anything():
    with limited(PAUSE, cuts, cuts, cuts, answers("200 OK")) as (server, api, told):
        change(api)
        change(api)
        assert again_and_again(lambda: change(api)).answer is Answer.DONE
        assert asked(server) == [*["PATCH /thing"] * 2, *["GET /version"] * 2, "PATCH /thing"]
        assert told == [True, False]


def test_a_request_that_waits_for_a_knock_asks_for_time_again_before_it_leaves():
    with limited(PAUSE, cuts, cuts, answers("200 OK")) as (server, api, _):
        change(api)
        change(api)
        late = again_and_again(lambda: change(api, call(in_time=False)))
        assert late.answer is Answer.HELD_BACK
        assert asked(server)[2:] == ["GET /version"]


def test_more_than_its_limit_is_turned_away_before_it_leaves():
    few = ApiLimits(requests_per_s=0.001, burst=2)
    with limited(LONG, answers("200 OK"), limits=few) as (server, api, told):
        assert [change(api).answer for _ in range(2)] == [Answer.DONE, Answer.DONE]
        reply = change(api)
        assert reply.answer is Answer.THROTTLED
        assert 900_000 < reply.retry_after_ms <= 1_000_000
        assert (len(server.requests), told) == (2, [])
