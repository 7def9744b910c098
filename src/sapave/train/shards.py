"""Tensors spread over processes, in safetensors files: torch.distributed.checkpoint's Hugging Face storage.

Every process writes one file with the parts that it holds, each part's offset in the file's header; any number of
processes reads them. Nothing is a pickle: this storage writes no `.metadata` file.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor


def write(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write `tensors` into `folder`; all processes come here with the same names, and return when all have written."""
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter
    from torch.distributed.checkpoint.state_dict_saver import save

    with _quiet():
        save(dict(tensors), storage_writer=HuggingFaceStorageWriter(str(folder), save_distributed=True))


def shapes(folder: Path) -> dict[str, torch.Size]:
    """Shape of each whole tensor that lies in `folder`."""
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader
    from torch.distributed.checkpoint.metadata import TensorStorageMetadata

    stored = HuggingFaceStorageReader(str(folder)).read_metadata().state_dict_metadata
    return {name: value.size for name, value in stored.items() if isinstance(value, TensorStorageMetadata)}


def read(folder: Path, into: Mapping[str, Tensor], together: bool) -> None:
    """Fill the tensors `into` in place, spread out or not; `together` when all processes come here."""
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader
    from torch.distributed.checkpoint.state_dict_loader import load

    with _quiet(), torch.no_grad():
        load(dict(into), storage_reader=HuggingFaceStorageReader(str(folder)), no_dist=not together)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the remark that one process alone reads, which is meant so."""
    logger = logging.getLogger("torch.distributed.checkpoint")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "torch.distributed is disabled")
            yield
    finally:
        logger.setLevel(level)
