"""Garbage collection during a run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG_OBJECTS = 20_000      # made since the last collection; Python's own choice is 700
_is_frozen = False          # by us; to ask the collector is to wait until it has counted


@contextmanager
def only_new_garbage() -> Iterator[None]:
    """Let collections look only at objects made from now on, and less often; may be nested.

    A run makes many objects, so collections are frequent, and what exists before it (modules, panels) is no garbage of
    it. Orders and their copies are freed without the collector, since nothing refers back to them. What the caller
    had frozen is thawed with the rest.
    """
    global _is_frozen
    if _is_frozen:
        yield
        return
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *thresholds[1:])
    _is_frozen = True
    try:
        yield
    finally:
        _is_frozen = False
        gc.set_threshold(*thresholds)
        gc.unfreeze()
