"""Recipes: every one trains all its stages, what it leaves out is out, and its policy acts."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sapave import cli
from sapave.base.shelf import shelf
from sapave.model import checkpoint
from sapave.model.config import GEOMETRY, TINY_TEST, VLAConfig
from sapave.model.vla import SaPaVe
from sapave.train.follow import FollowConfig, follow, plan
from test_model import make_batch
from training_data import write_episodes, write_views

RECIPES = shelf("sapave.train.recipes", "RECIPE")
TINY = tuple(f"{n}={json.dumps(v)}" for n, v in vars(TINY_TEST).items() if v != getattr(VLAConfig(), n))
SETTINGS = ("steps=2", "warmup=1", "images=8", "per_image=2")


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> FollowConfig:
    """Small data, and options that train on it in seconds."""
    place = tmp_path_factory.mktemp("recipes")
    write_views(place / "views", 6)
    write_episodes(place / "episodes", 2, 6)
    return FollowConfig(
        views=(str(place / "views"),),
        episodes=(str(place / "episodes"),),
        out=place / "out",
        cache=str(place / "cache"),
        override=TINY,
        settings=SETTINGS,
    )


@pytest.mark.parametrize("name", RECIPES)
def test_x(name, road, tmp_path):
    follow(RECIPES[name], replace(road, out=tmp_path))
