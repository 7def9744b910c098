"""The vision-language models that the paper compares: names under which they are served, and the paper's figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One row of the paper's table of semantic active perception."""

    title: str
    model: str
    """Name at a server; another one may be given instead."""
    paper: tuple[float, float, float]
    """The paper's success on val, test1, test2 [%], on its own data, which is not public."""


def title_of(model: str) -> str:
    """The title of a served model: the paper's where it is one of those compared, else its own name."""
    return next((compared.title for compared in MODELS.values() if compared.model == model), model)


MODELS = {
    "qwen2.5-vl-72b": Compared(title="Qwen2.5-VL-72B", model="Qwen/Qwen2.5-VL-72B-Instruct", paper=(63.9, 65.1, 58.0)),
    "multi-spatialmllm": Compared(title="Multi-SpatialMLLM", model="Multi-SpatialMLLM", paper=(72.8, 74.3, 63.6)),
    "gemini-2.5-pro": Compared(title="Gemini-2.5-Pro", model="gemini-2.5-pro", paper=(73.3, 76.5, 68.2)),
}
