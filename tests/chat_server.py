"""A real local server of the chat-completions protocol that can also be slow, refuse, break off or talk nonsense."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Says:
    """One response; `body` replaces the well-formed answer around `text`."""

    text: Any = "fine"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    usage: Any = None
    finish: str = "stop"
    delay: float = 0.0
    """Before the answer begins [s]."""
    drip: float = 0.0
    """Between its bytes [s]."""
    promise: int = 0
    """Bytes that are announced and never come."""


@dataclass
class ChatServer:
    """Answers the n-th request with script[n], then with `answer(request)`."""

    answer: Callable[[dict[str, Any]], Says | str]
    script: list[Says] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of all requests."""
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0
    """Most requests at the same time."""
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def prompts(self) -> list[str]:
        """The text of the last message of each request."""
        return [text_of(request) for request in self.requests]


def text_of(request: dict[str, Any]) -> str:
    """All text of a request's last message."""
    content = request["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(p.get("text", "") for p in content)


@contextmanager
def serving(
    answer: Callable[[dict[str, Any]], Says | str] = lambda request: "fine",
    script: list[Says] | None = None,
    port: int = 0,
) -> Iterator[ChatServer]:
    """Inside the block the server runs; afterwards nobody answers at its address."""
    state = ChatServer(answer=answer, script=list(script or []))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                number = len(state.requests)
                state.requests.append(request)
                state.headers.append(dict(self.headers))
                state.times.append(time.monotonic())
                state.busy += 1
                state.busiest = max(state.busiest, state.busy)
            try:
                said = state.script[number] if number < len(state.script) else state.answer(request)
                said = said if isinstance(said, Says) else Says(text=said)
                time.sleep(said.delay)
            finally:
                with state.lock:  # before it answers: then the client may send its next request
                    state.busy -= 1
            try:
                self.say(said, request)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client would not wait

        def say(self, said: Says, request: dict[str, Any]) -> None:
            message = {"role": "assistant", "content": said.text}
            usage = said.usage or {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
            whole = {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "model": request["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": said.finish}],
                "usage": usage,
            }
            body = said.body if said.body is not None else json.dumps(whole).encode()
            self.send_response(said.status if self.path == "/v1/chat/completions" else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body) + said.promise))
            self.send_header("Connection", "close")
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if said.drip:
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(said.drip)
            else:
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
