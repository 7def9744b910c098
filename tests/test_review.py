"""Review of views: a page in a real browser whose keys decide, decisions that last, and the copy they make."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from sapave.data.review import Decision, decisions, export, keep
from sapave.data.review_server import make_server
from sapave.data.view_files import decode, whole
from sapave.data.views import ViewsConfig, generate

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("review") / "views"
    generate(ViewsConfig(out=out, suite="activeviewpose", scenes=2, views=2, samples=3, per_shard=1, workers=0))
    return out


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    server = make_server(folder, 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    (folder / "review.jsonl").unlink(missing_ok=True)


def get(url: str, data: bytes | None = None) -> bytes:
    with urllib.request.urlopen(url, data, timeout=60) as answer:
        return answer.read()


def test_the_picture_after_shows_what_was_promised(address: str, folder: Path) -> None:
    samples = [r for p in sorted(folder.glob("samples-*")) for r in pq.read_table(p).to_pylist()]
    for number in (0, 7):
        told = json.loads(get(f"{address}/sample/{number}"))
        assert told["instruction"] == samples[number]["instruction"] and told["total"] == 12
        before, after = (decode(get(f"{address}/{name}/{number}"), np.uint8) for name in ("before", "after"))
        assert before.shape == after.shape == (128, 176, 3)
        moved = np.abs(samples[number]["motion"]).max() > 0.1
        assert moved == bool(np.abs(before.astype(int) - after).mean() > 2)


def test_what_is_not_there_or_not_allowed_is_refused(address: str, folder: Path) -> None:
    for path in ("/sample/12", "/sample/x", "/../etc/passwd", "/nothing"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(address + path)
    for body in (b"{}", b"no json", b'{"decision": "perhaps"}', b'{"decision": "edit", "instruction": " "}'):
        with pytest.raises(urllib.error.HTTPError, match="400"):
            get(f"{address}/decide/0", body)
    assert not (folder / "review.jsonl").exists()


def test_an_exported_copy_follows_the_last_decision(folder: Path, tmp_path: Path) -> None:
    samples = [r for p in sorted(folder.glob("samples-*")) for r in pq.read_table(p).to_pylist()]
    first, last = samples[0]["frame_id"], samples[-1]["frame_id"]
    keep(folder, Decision(frame_id=first, index=0, decision="reject"))
    keep(folder, Decision(frame_id=first, index=0, decision="edit", instruction=" look at the wall "))
    for index in range(3):
        keep(folder, Decision(frame_id=last, index=index, decision="reject"))
    with open(folder / "review.jsonl", "a") as handle:
        handle.write('{"frame_id": 0, "ind')  # cut short by a kill
    assert len(decisions(folder)) == 4
    counts = export(folder, tmp_path / "copy")
    assert counts == {"accepted": 0, "rejected": 3, "edited": 1, "unreviewed": 8, "paraphrased": 0}
    card = json.loads((tmp_path / "copy" / "card.json").read_text())
    assert card["samples"] == 9 and card["config"]["suite"] == "activeviewpose"
    datasets = pytest.importorskip("datasets")
    told = datasets.load_dataset(str(tmp_path / "copy"), "samples", split="train", cache_dir=str(tmp_path / "cache"))
    assert len(told) == 9 and told[0]["instruction"] == "look at the wall"
    with pytest.raises(ValueError, match="holds views already"):
        export(folder, tmp_path / "copy")
    kept = [r for p in sorted((tmp_path / "copy").glob("samples-*")) for r in pq.read_table(p).to_pylist()]
    assert kept[0]["instruction"] == "look at the wall" and kept[0]["motion"] == samples[0]["motion"]
    assert len(kept) == 9 and last not in {r["frame_id"] for r in kept} and whole(tmp_path / "copy", 1)
    frames = [i for p in sorted((tmp_path / "copy").glob("frames-*")) for i in pq.read_table(p)["frame_id"].to_pylist()]
    assert sorted(frames) == sorted({r["frame_id"] for r in kept})
    with pytest.raises(ValueError, match="reviewed folder itself"):
        export(folder, folder)
    (folder / "review.jsonl").unlink()


class Browser:
    """A headless Chromium, driven over its own debugging protocol."""

    def __init__(self, url: str, profile: Path) -> None:
        from websockets.sync.client import connect

        assert CHROMIUM
        flags = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
        )
        self.process = subprocess.Popen([CHROMIUM, *flags, url], stderr=subprocess.PIPE, text=True)
        assert self.process.stderr
        found = next(m for line in self.process.stderr if (m := re.search(r"127\.0\.0\.1:(\d+)/devtools", line)))
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        pages: list[dict] = []
        until(
            lambda: (
                pages.extend(p for p in json.loads(get(f"http://127.0.0.1:{found[1]}/json")) if p["url"] == url + "/")
                or pages
            )
        )
        self.socket, self.number = connect(pages[0]["webSocketDebuggerUrl"], max_size=None), 0

    def call(self, method: str, **params: Any) -> dict:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv(timeout=30))).get("id") != self.number:
            pass
        return answer["result"]

    def read(self, script: str) -> Any:
        return self.call("Runtime.evaluate", expression=script, awaitPromise=True)["result"].get("value")

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **({"text": key} if len(key) == 1 else {}))

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)


def until(true: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_keys_in_a_real_browser_decide(address: str, folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("websockets")
    browser = Browser(address, tmp_path)
    try:
        place = "document.getElementById('place').textContent"
        until(lambda: "sample 1 of 12" in (browser.read(place) or ""))
        until(lambda: browser.read("document.getElementById('after').naturalWidth") == 176)
        browser.press("a")
        until(lambda: "sample 2 of 12, 1 reviewed" in browser.read(place))
        browser.press("r")
        until(lambda: "sample 3 of 12, 2 reviewed" in browser.read(place))
        browser.press("e")
        browser.read("document.getElementById('edit').value = 'look up'")
        browser.press("Enter")
        until(lambda: browser.read("document.getElementById('words').textContent") == "look up")
        browser.press("ArrowLeft")
        until(lambda: "sample 2 of 12, 3 reviewed" in browser.read(place))
        assert browser.read("document.getElementById('said').textContent") == "reject"
    finally:
        browser.close()
    assert [d.decision for d in decisions(folder).values()] == ["accept", "reject", "edit"]
    assert decisions(folder)[(0, 2)].instruction == "look up"
