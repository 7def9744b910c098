"""A model in a folder: config.json, model.safetensors, tokenizer.json, stats.json; loads without a network."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save_file
from torch import Tensor, nn

from sapave.base.runs import atomic, versions, write_json
from sapave.base.shelf import choose
from sapave.model.adapter import plain_name
from sapave.model.config import VLAConfig
from sapave.model.inputs import Processor
from sapave.model.kind import config_of, kind_of, kinds
from sapave.model.tokenizer import Tokenizer

FORMAT = 1
CONFIG, WEIGHTS, TOKENIZER, STATS = "config.json", "model.safetensors", "tokenizer.json", "stats.json"
log = logging.getLogger("sapave.model")


def save(
    folder: str | Path,
    model: Any,
    processor: Processor,
    *,
    half: bool = False,
    notes: dict[str, Any] | None = None,
    leave_out: Collection[str] = (),
    base: str | Path | None = None,
) -> None:
    """Write the four files, config.json last; `half` stores float16. `notes` (plain JSON) are kept in config.json.

    `leave_out`: parts (`SaPaVe.parts`) that no stage has trained: they start from the config's seed when loaded.
    `base`: another checkpoint's folder, which has to stay there: only weights that differ from its own are stored.
    """
    folder = Path(folder)
    kind = torch.float16 if half else torch.float32
    gone = tuple(_path(model, module) for name in leave_out for module in model.parts()[name])
    named = [(n, p) for n, p in model.named_parameters() if not n.startswith(gone)]
    weights = {n: p.detach().to("cpu", kind).contiguous() for n, p in named}
    shared = {} if base is None else stored(Path(base), load_config(base))
    weights = {n: w for n, w in weights.items() if n not in shared or not torch.equal(w, shared[n])}
    with atomic(folder / WEIGHTS) as partial:
        save_file(weights, partial)
    with atomic(folder / TOKENIZER) as partial:
        partial.write_text(processor.tokenizer.to_text())
    write_json(folder / STATS, processor.numbers())
    files = {name: _identity((folder / name).read_bytes()) for name in (WEIGHTS, TOKENIZER, STATS)}
    config = {"format": FORMAT, "model": asdict(model.config), "files": files, "notes": notes or {}}
    config |= {"left_out": list(gone)} if gone else {}
    if base is not None:
        identity = load_config(base)["files"][WEIGHTS]
        config["base"] = {"folder": os.path.relpath(Path(base).resolve(), folder.resolve()), WEIGHTS: identity}
    write_json(folder / CONFIG, {**config, "versions": versions()})


def load_config(folder: str | Path) -> dict[str, Any]:
    """The content of config.json; ValueError with one line when it is missing or not ours."""
    path = Path(folder) / CONFIG
    try:
        content = json.loads(_read(path))
    except json.JSONDecodeError as problem:
        raise ValueError(f"{path}: not whole JSON ({problem}); copy the checkpoint again") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT or not {"model", "files"} <= content.keys():
        raise ValueError(f"{path}: not a sapave checkpoint of format {FORMAT}; expected a folder that `train` wrote")
    return content


def identity(content: dict[str, Any]) -> str:
    """The sha256 of the weights that config.json states; with a base, of both."""
    own = str(content["files"][WEIGHTS]["sha256"])
    if "base" not in content:
        return own
    return hashlib.sha256((own + str(content["base"][WEIGHTS]["sha256"])).encode()).hexdigest()


def stored(folder: Path, content: dict[str, Any]) -> dict[str, Tensor]:
    """The weights of a folder by name, on top of those of its base where it has one."""
    base = content.get("base")
    if base is None:
        weights: dict[str, Tensor] = {}
    else:
        below = folder / base["folder"]
        whole = load_config(below)
        if whole["files"][WEIGHTS] != base[WEIGHTS]:
            raise ValueError(f"{below}: not the weights that {folder} was made beside; put those there again")
        weights = stored(below, whole)
    raw = _checked(folder / WEIGHTS, content["files"].get(WEIGHTS))
    try:
        return {**weights, **load_tensors(raw)}
    except SafetensorError as problem:
        raise ValueError(f"{folder / WEIGHTS}: not a safetensors file ({problem})") from None


def load(folder: str | Path, *, anew: Collection[str] = (), **changes: Any) -> tuple[Any, Processor]:
    """Model (eval mode, CPU, float32) and processor of a folder.

    `changes` are fields of its config to set differently (`adapter="lora"`, `decoders="unified"`): weights that its
    kind lets start anew (decoders, adapter, injection) do so where they do not fit, and another `spatial` encoder does;
    everything else must fit. ValueError names the file that does not.

    `anew`: parts (`parts()` of the model as it is stored) whose weights are not taken over: they start from the
    config's seed.
    """
    folder = Path(folder)
    content = load_config(folder)
    raw = {name: _checked(folder / name, content["files"].get(name)) for name in (TOKENIZER, STATS)}
    weights = stored(folder, content)
    config = _config(folder, content["model"], {})
    kind = kind_of(config)
    model = kind.model(_config(folder, content["model"], changes))
    fresh = (*kind.fresh, "spatial.") if "spatial" in changes else kind.fresh
    gone = _names(kind.model(config), anew) if anew else set()
    weights = {name: value for name, value in weights.items() if plain_name(name) not in gone}
    _fill(model, weights, folder / WEIGHTS, (*(fresh if changes else ()), *content.get("left_out", ()), *gone))
    processor = Processor.from_numbers(json.loads(raw[STATS]), Tokenizer.from_text(raw[TOKENIZER].decode()))
    processor.cameras = model.config.extra_cameras
    check_words(processor.tokenizer, config, folder / TOKENIZER)
    return model.eval(), processor


def borrow(model: Any, processor: Processor, folder: str | Path) -> None:
    """Give the model the decoder of arms and hands, and its statistics, of another checkpoint.

    The decoders are independent, so one can have learned elsewhere. ValueError where either has none of its own, or
    their shapes differ.
    """
    other, processed = load(folder)
    for config, name in ((model.config, "this model"), (other.config, str(folder))):
        if getattr(config, "decoders", None) != "independent":
            raise ValueError(f"{name}: expected independent decoders, one of arms and hands alone to borrow")
    if processed.other_norm is None:
        raise ValueError(f"{folder}: its arms and hands have learned nothing; expected a checkpoint of draft or stage2")
    own, borrowed = model.decoders[1].state_dict(), other.decoders[1].state_dict()
    for name, value in own.items():
        found = borrowed[name].shape if name in borrowed else None
        if found != value.shape and not name.startswith("extra."):
            raise ValueError(f"{folder}: decoders.1.{name}: found shape {found}, expected {value.shape}")
    model.decoders[1].load_state_dict({n: v for n, v in borrowed.items() if n in own}, strict=False)
    processor.other_norm = processed.other_norm


def _names(model: Any, parts: Collection[str]) -> set[str]:
    """Plain names of the weights in these parts; KeyError with the nearest right name for one it does not have."""
    known = model.parts()
    owned = {id(p) for name in parts for module in choose(known, name, "part") for p in module.parameters()}
    return {plain_name(name) for name, parameter in model.named_parameters() if id(parameter) in owned}


def _path(model: nn.Module, module: nn.Module) -> str:
    """Where a module's weights begin by name: `decoders.1.`"""
    return next(f"{name}." for name, found in model.named_modules() if found is module)


def _config(folder: Path, stored: dict[str, Any], changes: dict[str, Any]) -> Any:
    """The config that is stored, with changes; ValueError for a kind that is unknown or not the one asked for."""
    kind = stored.get("kind", VLAConfig.kind)
    if kind not in kinds():
        raise ValueError(
            f"{folder / CONFIG}: holds a model of kind '{kind}', expected one of {', '.join(kinds())}; a newer sapave "
            "may know it"
        )
    asked = changes.get("kind", kind)
    if asked != kind:
        raise ValueError(
            f"{folder}: holds a model of kind '{kind}', found kind '{asked}' asked for; begin without it, or from a "
            "checkpoint of that kind"
        )
    return config_of({**stored, **changes})


def check_words(tokenizer: Tokenizer, config: Any, path: Path) -> None:
    """ValueError when the tokenizer of `path` gives ids that the model has no embedding for."""
    if len(tokenizer) > config.vocab_size:
        raise ValueError(f"{path}: {len(tokenizer)} words, the model knows {config.vocab_size}")


def _fill(model: Any, weights: dict[str, Tensor], path: Path, fresh: tuple[str, ...]) -> None:
    """Copy weights into the model by name; only names that hold one of `fresh` may be absent or differ."""
    stored = {plain_name(name): value for name, value in weights.items()}
    started = []
    for name, parameter in model.named_parameters():
        value = stored.pop(plain_name(name), None)
        if value is not None and value.shape == parameter.shape:
            with torch.no_grad():
                parameter.copy_(value)
        elif any(part in plain_name(name) for part in fresh):
            started.append(name)
        else:
            found = "nothing" if value is None else f"shape {list(value.shape)}"
            raise ValueError(f"{path}: '{name}': found {found}, expected shape {list(parameter.shape)}")
    unused = [name for name in stored if not any(part in name for part in fresh)]
    if unused:
        raise ValueError(f"{path}: holds '{unused[0]}', which the model of config.json does not have")
    if started:
        log.info("%s: %d weights start anew (first: %s)", path, len(started), started[0])


def _identity(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _checked(path: Path, expected: dict[str, Any] | None) -> bytes:
    """The bytes of a file whose size and hash are those that config.json names."""
    data = _read(path)
    if not expected or not {"bytes", "sha256"} <= expected.keys():
        raise ValueError(f"{path.with_name(CONFIG)}: says nothing of {path.name}; copy the checkpoint again")
    if len(data) != expected["bytes"]:
        raise ValueError(f"{path}: found {len(data)} bytes, expected {expected['bytes']}; copy the checkpoint again")
    if _identity(data)["sha256"] != expected["sha256"]:
        raise ValueError(f"{path}: its sha256 is not the one in {CONFIG}; copy the checkpoint again")
    return data


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        names = ", ".join((CONFIG, WEIGHTS, TOKENIZER, STATS))
        raise ValueError(f"{path}: missing; expected a checkpoint folder with {names}") from None
