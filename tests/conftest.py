"""What every test shares: OpenGL is chosen before mujoco is imported, one thread per process."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from sapave.sim.gl import ensure_gl

ensure_gl()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

settings.register_profile("sapave", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("sapave")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Two test processes share two cores: torch must not take both."""
    import torch

    torch.set_num_threads(1)
