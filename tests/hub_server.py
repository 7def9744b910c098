"""A hub on this machine: what huggingface_hub's own client needs to make, fill and read a repository."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REVISION = "a" * 40


class LocalHub(ThreadingHTTPServer):
    """Repositories by name: their files by path. `refuse` answers every push with that HTTP status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.repos: dict[str, dict[str, bytes]] = {}
        self.messages: list[str] = []
        self.made: list[dict] = []
        self.refuse = 0
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    server: LocalHub

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, body: bytes | dict | list, status: int = 200, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0].strip("/")
        self.server.asked.append(path)
        words = path.removeprefix("api/models/").split("/")
        files = self.server.repos.get("/".join(words[:2]))
        if files is None:
            self.answer({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
        elif path.startswith("api/models/") and "tree" in words:
            self.answer([{"type": "file", "path": n, "size": len(b), "oid": _oid(b)} for n, b in files.items()])
        elif path.startswith("api/models/"):
            names = [{"rfilename": name} for name in files]
            self.answer({"id": "/".join(words[:2]), "sha": REVISION, "siblings": names, "tags": []})
        elif words[-1] in files:
            data = files[words[-1]]
            self.answer(data, ETag=f'"{_oid(data)}"', X_Repo_Commit=REVISION)
        else:
            self.answer({}, 404, X_Error_Code="EntryNotFound")

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.split("?")[0].strip("/")
        words = path.removeprefix("api/models/").split("/")
        if path == "api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        elif self.server.refuse:
            self.answer({"error": "no"}, self.server.refuse)
        elif path == "api/repos/create":
            made = json.loads(raw)
            name = "/".join(filter(None, (made.get("organization"), made["name"])))
            self.server.made.append(made)
            self.server.repos.setdefault(name, {})
            self.answer({"url": f"{self.server.url}/{name}", "name": name, "id": name})
        elif "preupload" in words:
            paths = [entry["path"] for entry in json.loads(raw)["files"]]
            self.answer({"files": [{"path": p, "uploadMode": "regular", "shouldIgnore": False} for p in paths]})
        elif "commit" in words:
            for line in map(json.loads, raw.splitlines()):
                if line["key"] == "header":
                    self.server.messages.append(line["value"]["summary"])
                else:
                    data = base64.b64decode(line["value"]["content"])
                    self.server.repos["/".join(words[:2])][line["value"]["path"]] = data
            url = f"{self.server.url}/{'/'.join(words[:2])}/commit/{REVISION}"
            self.answer({"commitUrl": url, "commitOid": REVISION, "success": True})
        else:
            self.answer({"error": path}, 404)


def _oid(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@contextmanager
def local_hub() -> Iterator[LocalHub]:
    """A running hub."""
    hub = LocalHub()
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
