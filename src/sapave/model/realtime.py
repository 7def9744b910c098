"""Real-time chunking: the next chunk is computed while the last one runs, and continues it without a jump."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sapave.base.chunks import to_cumulative, to_increments
from sapave.base.types import ActionChunk


def continue_chunk(running: ActionChunk | None, new: ActionChunk, delay: int) -> ActionChunk:
    """The new chunk, changed so that it continues the running one; both begin at the moment of the same observation.

    `running.executed` rows were played when the observation was taken; from there on row i of both is the same tick.
    While the answer is computed, `delay` ticks [of dt] of the running chunk are played: these rows are taken from it as
    they are. Then the path (the sum of the increments) goes over to the new chunk's, weighted by `soft_mask`, until the
    running chunk ends. Who receives the answer `delay` ticks after the observation goes on with row `delay`.

    Without a running chunk, or with delay 0, it is the new chunk itself. ValueError when the running chunk has fewer
    than `delay` rows left, or when the chunks do not match.
    """
    if not 0 <= delay < len(new.head):
        raise ValueError(f"delay: found {delay} ticks, expected 0 to {len(new.head) - 1} (a chunk has {len(new.head)})")
    if running is None or delay == 0:
        return new
    if running.dt != new.dt:
        raise ValueError(f"chunks: control periods of {running.dt} s and {new.dt} s, expected the same")
    left = min(len(running.head) - running.executed, len(new.head))
    if left < delay:
        raise ValueError(
            f"delay: the running chunk has {max(left, 0)} of {len(running.head)} rows left, expected at least the "
            f"{delay} ticks that the answer takes; execute fewer rows before asking again"
        )
    weight = soft_mask(left, delay)[:, None]

    def joined(old: np.ndarray, fresh: np.ndarray) -> np.ndarray:
        old = old[running.executed : running.executed + left]
        path = to_cumulative(fresh.astype(np.float64))
        path[:left] = weight * to_cumulative(old.astype(np.float64)) + (1 - weight) * path[:left]
        out = to_increments(path).astype(fresh.dtype)
        out[:delay] = old[:delay]
        return out

    return replace(new, head=joined(running.head, new.head), other=joined(running.other, new.other), executed=0)


def soft_mask(left: int, delay: int) -> np.ndarray:
    """Weight [left] of the running chunk: 1 in the first `delay` rows, then down to 0 behind its last row.

    It leaves 1 and reaches 0 with no slope (smoothstep), so that speeds do not jump either.
    """
    way = np.clip((np.arange(left) - (delay - 1)) / (left - delay + 1), 0, 1)
    return 1 - way**2 * (3 - 2 * way)
