"""`sapave views review` and `sapave views export`: people look at samples, and a copy keeps what they decided."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from sapave.commands._command import read_config


@dataclass(frozen=True, kw_only=True)
class ReviewConfig:
    """What `sapave views review` serves."""

    folder: tyro.conf.Positional[Path]
    """A folder written by `sapave views`."""
    port: int = 8460
    """Of the page, on this machine only; 0: any free one."""


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """What `sapave views export` writes."""

    folder: tyro.conf.Positional[Path]
    """A reviewed folder."""
    out: Path
    """Where the copy goes."""


def review(arguments: list[str]) -> None:
    """Serve the page until Ctrl-C."""
    config = read_config(ReviewConfig, arguments, "views review", "look at samples and accept, reject or edit them")
    from sapave.data.review_server import make_server

    try:
        server = make_server(config.folder, config.port)
    except OSError as error:
        raise ValueError(f"port {config.port}: {error.strerror}; choose another with --port") from error
    print(f"review {config.folder} at http://127.0.0.1:{server.server_port} (Ctrl-C ends)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print(f"decisions are kept in {config.folder / 'review.jsonl'}")
    finally:
        server.server_close()


def export(arguments: list[str]) -> None:
    """Write the reviewed copy and say what became of the samples."""
    config = read_config(ExportConfig, arguments, "views export", "write a copy with the reviewers' decisions applied")
    from sapave.data.review import export as write

    counts = write(config.folder, config.out)
    print(f"{config.out}: " + ", ".join(f"{n} {name}" for name, n in counts.items()))
