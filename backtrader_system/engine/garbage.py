"""Garbage collection during a run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_is_frozen = False      # by us; to ask the collector is to wait until it has counted


@contextmanager
def only_new_garbage() -> Iterator[None]:
    """Let collections look only at objects made from now on; may be nested.

    A run makes many objects, so collections are frequent, and what exists before it (modules, panels) is no garbage of
    it.
    """
    global _is_frozen
    is_outermost = not _is_frozen
    if is_outermost:
        gc.freeze()
        _is_frozen = True
    try:
        yield
    finally:
        if is_outermost:
            _is_frozen = False
            gc.unfreeze()
