"""The fingerprint of pictures: this machine draws the kept ones, and another world is noticed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from sapave.bench import drawing


@pytest.mark.parametrize("suite", drawing.TASKS)
def test_this_machine_draws_what_the_lists_were_certified_with(suite: str) -> None:
    found = drawing.compared(suite)
    assert found["mean"] <= drawing.CLOSE, (
        f"{suite}: other pictures than the kept ones ({found}); if that is meant, certify the lists again and run "
        "python -m sapave.bench.drawing"
    )
    assert not drawing.reasons_against(found) and (found["same"] or found["renderer"][0] != found["renderer"][1])


def test_another_world_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = list(drawing.pictures("kitchens"))

    def lighter(suite: str) -> Iterator[np.ndarray]:
        for picture in real:
            yield np.minimum(picture.astype(int) + 6, 255).astype(np.uint8)

    def edges(suite: str) -> Iterator[np.ndarray]:
        for picture in real:
            other = picture.copy()
            other[::16, ::16, 0] ^= 3
            yield other

    monkeypatch.setattr(drawing, "pictures", lighter)
    found = drawing.compared("kitchens")
    assert not found["same"] and "other pictures" in drawing.reasons_against(found)[0]
    monkeypatch.setattr(drawing, "pictures", edges)
    found = drawing.compared("kitchens")
    assert not found["same"] and not drawing.reasons_against(found)
    assert drawing.compared("no such suite") == {}
