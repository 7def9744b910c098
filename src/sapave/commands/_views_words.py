"""`sapave views review | paraphrase | export | check`: what people and language models make of a views folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from sapave.commands._command import read_config
from sapave.data.instructions.paraphrase import ParaphraseConfig


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


@dataclass(frozen=True, kw_only=True)
class WordsConfig:
    """What `sapave views paraphrase` asks for."""

    folder: tyro.conf.Positional[Path]
    """A folder written by `sapave views`; its paraphrases are kept in it."""
    paraphrase: ParaphraseConfig = field(default_factory=ParaphraseConfig)
    """The endpoint (docs/rivals.md)."""


@dataclass(frozen=True, kw_only=True)
class CheckConfig:
    """What `sapave views check` compares."""

    folders: tyro.conf.Positional[tuple[Path, ...]]
    """Folders of different splits."""


def paraphrase(arguments: list[str]) -> None:
    """Ask, and say what came of it."""
    config = read_config(WordsConfig, arguments, "views paraphrase", "let a language model reword the instructions")
    from sapave.data.view_words import paraphrase_folder

    counts = paraphrase_folder(config.folder, config.paraphrase)
    print(", ".join(f"{name} {n}" for name, n in counts.items()) or "nothing left to ask for")


def check(arguments: list[str]) -> None:
    """Compare, and say what is shared."""
    config = read_config(CheckConfig, arguments, "views check", "that no two splits share words, scenes or things")
    from sapave.data.view_words import overlaps

    for pair, counts in overlaps(list(config.folders)).items():
        print(f"{pair}: " + ", ".join(f"{n} {name} in both" for name, n in counts.items()))


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
