"""One HTTP request with a JSON body: the body of a good response, or which of the ways to fail it was."""

from __future__ import annotations

import http.client
import os
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

from sapave import __version__
from sapave.base.chat import Unanswered, read_error

AGENT = f"sapave/{__version__}"
"""Some services turn urllib's own name away."""
LARGEST_ANSWER = 8 << 20
"""A response with more bytes is not an answer."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: it would carry the key to another host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Poster:
    """Posts to one address, with the API key of an environment variable if it is set."""

    def __init__(self, address: str, key_variable: str, timeout: float) -> None:
        """`timeout`: for connecting, for each silence, and for a whole answer [s]."""
        self.address, self.key_variable, self.timeout = address, key_variable, timeout
        self._key = _key(key_variable)
        self._opener = urllib.request.build_opener(_Stay)

    def post(self, body: bytes) -> bytes:
        """The body of a good response; `Unanswered` for any other end."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": AGENT}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(self.address, data=body, headers=headers, method="POST")
        deadline = time.monotonic() + self.timeout
        try:
            with self._opener.open(request, timeout=self.timeout) as response:
                return self._read(response, deadline)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except Unanswered:
            raise
        except TimeoutError as error:
            raise self._slow() from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise self._slow() from error
            raise Unanswered("down", f"nobody answers at {self.address} ({error.reason})") from error
        except (OSError, http.client.HTTPException) as error:
            kind = type(error).__name__
            raise Unanswered("down", f"the connection to {self.address} broke ({kind}: {error})") from error

    def _read(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        parts, size = [], 0
        while part := response.read1(1 << 16):
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise Unanswered("nonsense", f"the answer is longer than {LARGEST_ANSWER} bytes")
            if time.monotonic() > deadline:
                raise self._slow()
        if response.length:  # read1 does not complain about a body that ends early
            raise Unanswered("down", f"the connection to {self.address} broke in the middle of the answer")
        return b"".join(parts)

    def _refusal(self, error: urllib.error.HTTPError) -> Unanswered:
        try:
            body = error.read(1 << 16)
        except (OSError, http.client.HTTPException):
            body = b""
        found = read_error(error.code, error.headers, body, datetime.now(UTC))
        if self._key:  # some servers repeat it
            found.detail = found.detail.replace(self._key, "***")
        if found.failure == "refused":
            found.detail += f"; set the environment variable {self.key_variable} to a valid one"
        return found

    def _slow(self) -> Unanswered:
        return Unanswered("slow", f"no answer within {self.timeout:g} s from {self.address}")


def _key(variable: str) -> str:
    """The API key, or ''; ValueError when it cannot stand in a header (without showing it)."""
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ValueError(f"endpoint: the key in {variable} has characters that no header may have; set it again")
    return key
