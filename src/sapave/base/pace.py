"""How fast requests may follow each other: so many a minute, and not at all while the other side asks for a pause."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

MINUTE = 60.0
"""[s]"""


class Pace:
    """Hands out moments to act at; shared by the threads of a process."""

    def __init__(self, per_minute: int, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """`per_minute` moments in any 60 s; 0 is no limit. `clock` tells and `sleep` waits seconds."""
        self.per_minute, self._clock, self._sleep = per_minute, clock, sleep
        self._given: deque[float] = deque(maxlen=per_minute or 1)
        self._free = -float("inf")
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may be sent."""
        with self._lock:
            at = self._clock()
            if self.per_minute and len(self._given) == self.per_minute:
                at = max(at, self._given[0] + MINUTE)
            self._given.append(at)
        while (left := max(at, self._free) - self._clock()) > 0:
            self._sleep(left)

    def pause(self, seconds: float) -> None:
        """Nobody acts for so long."""
        with self._lock:
            self._free = max(self._free, self._clock() + seconds)
