"""A past made up for views: what it says was looked at does not hold the thing, and the label goes elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sapave.data.views import ViewsConfig, generate
from sapave.data.windows import Source, open_sources
from sapave.model.memory import sectors
from sapave.train.past import DIRECTION, add_past


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    place = tmp_path_factory.mktemp("views")
    generate(ViewsConfig(out=place / "views", scenes=24, views=4, workers=1))
    return open_sources([str(place / "views")], place / "cache")[0]


def test_a_past_holds_what_was_looked_at_and_never_the_thing(source: Source) -> None:
    pack = source.pack
    rows = np.arange(pack.n_rows)
    forward = torch.from_numpy(pack.arrays["base_from_camera"][pack.arrays["frame"]][:, :3, 2])
    now = sectors(torch.atan2(forward[:, 1], forward[:, 0]), torch.asin(forward[:, 2])).float().numpy()
    looked, chunks = add_past(pack, rows, now, 0)
    given = (looked != now).any(1)
    assert 0.02 < given.mean() < 0.4 and np.all(looked >= now) and not looked[given].all(1).any()
    labels = np.asarray(pack.arrays["head_chunk"][rows])
    assert np.allclose(chunks[~given], labels[~given], atol=1e-3)
    moved = np.abs(chunks[:, -1] - labels[:, -1]).max(1) > 0.3
    assert moved.any() and np.abs(chunks).max() <= 16 * 0.12 + 1e-6
    for row in np.flatnonzero(given):
        frame = int(pack.arrays["frame"][row])
        thing = next(t for t in pack.frame_objects(frame) if t["id"] == pack.arrays["target"][row])
        assert thing["pixels"] == 0 and not DIRECTION.search(pack.texts[pack.arrays["text"][row]])
        if not moved[row]:
            goal = np.asarray(pack.arrays["head_target"][frame]) + chunks[row, -1]
            short = np.abs(chunks[row, -1]) > 1.9  # a turn longer than one chunk
            assert np.all((np.abs(goal - thing["gaze"]) < 0.05) | short)
    again = add_past(pack, rows, now, 0)
    assert all(np.array_equal(a, b) for a, b in zip(again, (looked, chunks), strict=True))
