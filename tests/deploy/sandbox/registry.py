"""A Maven registry on loopback, with the few artifacts that a test puts there."""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
  <dependencies>{dependencies}</dependencies>
</project>
"""
DEPENDENCY = (
    "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>"
    "<scope>{}</scope></dependency>"
)
SETTINGS = """\
<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors><mirror>
  <id>here</id><url>{url}</url><mirrorOf>{mirror_of}</mirrorOf>
</mirror></mirrors></settings>
"""


class FakeRegistry:
    """Serves what was `put`, counts what was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/maven2"

    def put(self, coordinates: str, jar: bytes, *needs: tuple[str, str]) -> None:
        """`needs`: coordinates and scope of its dependencies."""
        group, artifact, version = coordinates.split(":")
        dependencies = "".join(DEPENDENCY.format(*one.split(":"), scope) for one, scope in needs)
        pom = POM.format(group=group, artifact=artifact, version=version, dependencies=dependencies)
        base = f"/maven2/{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}"
        self.files[f"{base}.jar"] = jar
        self.files[f"{base}.pom"] = pom.encode()

    def jars_asked(self) -> int:
        return sum(count for path, count in self.asked.items() if path.endswith(".jar"))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.asked[self.path] += 1
                found = registry.files.get(self.path)
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Length", str(len(found or b"")))
                self.end_headers()
                self.wfile.write(found or b"")

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def mirror(home: Path, url: str, mirror_of: str = "central") -> None:
    """Write this user's Maven settings, as a company's page on its mirror tells people to."""
    settings = home / ".m2" / "settings.xml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(SETTINGS.format(url=url, mirror_of=mirror_of))
