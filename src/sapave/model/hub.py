"""Checkpoints on the Hugging Face hub: saved with a card, loaded by folder or by `owner/name`, pushed in one commit."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from sapave.base.runs import atomic
from sapave.model import checkpoint
from sapave.model.backbones._published import published_folder
from sapave.model.hub_card import CARD, RESULTS, card
from sapave.model.inputs import Processor
from sapave.model.kind import kind_of
from sapave.model.tokenizer import Tokenizer

if TYPE_CHECKING:
    from huggingface_hub import HfApi

    from sapave.base.kinematics import Chain

MODEL_FILES = (checkpoint.CONFIG, checkpoint.WEIGHTS, checkpoint.TOKENIZER, checkpoint.STATS)
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def resolve(
    name: str | Path,
    *,
    revision: str | None = None,
    endpoint: str | None = None,
    kind: str = "checkpoint",
    files: Sequence[str] = (*MODEL_FILES, CARD, RESULTS),
) -> Path:
    """Folder of a checkpoint: `name` where that exists or is no `owner/name`, else the hub's files in its local cache.

    For another `kind` of model (the word for it in messages) `files` are the names or patterns that are wanted.
    ValueError with one line when the hub cannot be reached, or has no such model that may be read.
    """
    if Path(name).exists() or not HUB_ID.fullmatch(str(name)):
        return Path(name)
    import httpx2  # what huggingface_hub speaks through
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        IncompleteSnapshotError,
        LocalEntryNotFoundError,
    )

    what = f"{kind} '{name}'" + (f" at revision '{revision}'" if revision else "")
    try:
        return Path(snapshot_download(str(name), revision=revision, allow_patterns=[*files], endpoint=endpoint))
    except HFValidationError as problem:
        raise ValueError(f"{what}: no such folder, and no id of the hub ({_line(problem)})") from None
    except HfHubHTTPError as problem:
        status = f"HTTP {problem.response.status_code}" if problem.response is not None else _line(problem)
        advice = "check the name; for a private model run `hf auth login`"
        raise ValueError(f"{what}: no such folder, and the hub did not give it ({status}); {advice}") from None
    except (LocalEntryNotFoundError, IncompleteSnapshotError, httpx2.HTTPError):
        advice = "check the path, or download it once while online"
        raise ValueError(f"{what}: no such folder, not in the hub's cache, hub out of reach; {advice}") from None


def from_pretrained(
    name: str | Path, *, revision: str | None = None, endpoint: str | None = None, **changes: Any
) -> tuple[Any, Processor]:
    """Model and processor of a folder or a hub id; `changes` as in `checkpoint.load`."""
    return checkpoint.load(resolve(name, revision=revision, endpoint=endpoint), **changes)


def around(name: str | Path, config: Any, chains: Mapping[str, Chain]) -> tuple[Any, Processor]:
    """A policy around published weights (folder or hub id), with their own tokenizer; the rest is fresh.

    Of a VLAConfig these are a backbone's, of another kind's config that model's own.

    `chains` are the robot's (`ROBOT.chains`). What `save_pretrained` writes of it, training takes as `--init`.
    """
    model = kind_of(config).model.from_pretrained(name, config)
    path = published_folder(name) / checkpoint.TOKENIZER
    if not path.is_file():
        raise ValueError(f"{path}: missing; put the tokenizer.json there that these weights were trained with")
    tokenizer = Tokenizer.from_text(path.read_text())
    checkpoint.check_words(tokenizer, model.config, path)
    cameras = config.extra_cameras
    return model, Processor(
        tokenizer=tokenizer, chains=chains, max_tokens=config.max_tokens, k=config.k, cameras=cameras
    )


def save_pretrained(
    folder: str | Path,
    model: Any,
    processor: Processor,
    *,
    half: bool = False,
    notes: dict[str, Any] | None = None,
    results: Path | None = None,
) -> Path:
    """Write the checkpoint, the `results` it is known by (a results.json) and the card; returns the folder."""
    folder = Path(folder)
    checkpoint.save(folder, model, processor, half=half, notes=notes)
    if results is not None and results.resolve() != (folder / RESULTS).resolve():
        with atomic(folder / RESULTS) as partial:
            shutil.copyfile(results, partial)
    with atomic(folder / CARD) as partial:
        partial.write_text(card(folder))
    return folder


def push_to_hub(
    folder: str | Path,
    repo: str,
    *,
    private: bool = False,
    message: str = "Checkpoint of sapave",
    results: Path | None = None,
    api: HfApi | None = None,
) -> str:
    """Push a checkpoint that loads to the model repository `repo` (made where absent), in one commit; returns its URL.

    A README.md in the folder goes as it is; without one the card is made on the way, and nothing is written here.
    """
    import httpx2
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError

    folder = Path(folder)
    if not HUB_ID.fullmatch(repo):
        raise ValueError(f"repo '{repo}': expected a hub id as owner/name")
    model, processor = checkpoint.load(folder)  # nothing leaves that would not load elsewhere
    sources: dict[str, Path | bytes] = {name: folder / name for name in MODEL_FILES}
    content = checkpoint.load_config(folder)
    if "base" in content:  # holds only what differs; the hub gets all of it
        half = any(value.dtype == torch.float16 for value in checkpoint.stored(folder, content).values())
        with tempfile.TemporaryDirectory() as whole:
            checkpoint.save(whole, model, processor, half=half, notes=content.get("notes"))
            sources = {name: (Path(whole) / name).read_bytes() for name in MODEL_FILES}
    figures = results or folder / RESULTS
    if results is not None or figures.is_file():
        sources[RESULTS] = figures
    own = folder / CARD
    sources[CARD] = own if own.is_file() else card(folder, repo=repo, results=results).encode()
    api = api or HfApi()
    operations = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=value) for name, value in sources.items()]
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        api.create_commit(repo, operations=operations, commit_message=message)
    except HfHubHTTPError as problem:
        status = f"HTTP {problem.response.status_code}" if problem.response is not None else _line(problem)
        raise ValueError(
            f"repo '{repo}': the hub refused ({status}); log in by `hf auth login`, as its owner"
        ) from None
    except httpx2.HTTPError as problem:
        raise ValueError(f"repo '{repo}': {api.endpoint} is out of reach ({_line(problem)})") from None
    return f"{api.endpoint}/{repo}"


def _line(problem: BaseException) -> str:
    return " ".join(str(problem).split())[:200]
