"""Fit many forests: what the cache has is read, the rest is fitted in parallel.

A fit's result depends on its own rows, its parameters and its seed only, so neither the number of workers nor the
order in which they finish can change it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import numpy as np

from backtrader_system.models.forest import Forest, fit_predict
from backtrader_system.models.prediction_cache import PredictionCache
from backtrader_system.models.walk_forward import Fit, Sample
from backtrader_system.progress import Progress

# Raised whenever this code would predict differently from the same rows: older cache entries are then not found.
RESULT_VERSION = 1
ROWS_PER_BLOCK = 16_000         # training rows of one parallel task, some seconds of work
ROWS_WORTH_WORKERS = 25_000      # fewer training rows are done before a second process has even started


@dataclass(frozen=True, slots=True)
class Job:
    """A sample, the models to fit on it and their kind."""

    sample: Sample
    fits: tuple[Fit, ...]
    forest: Forest


@dataclass(frozen=True, slots=True)
class _Block:
    job: int
    fits: tuple[int, ...]


def run_jobs(
    jobs: Sequence[Job], *, workers: int, store: PredictionCache | None, progress: Progress,
) -> tuple[list[list[np.ndarray]], int]:
    """Return what every model of every job predicts, and how many of them came from the cache.

    workers : processes; 0 takes all cores. store : the cache; None fits everything.
    Returns: for every job, for every fit, float64 of the length of its `predict`; and a count.
    """
    keys = [[fit_key(job, fit) for fit in job.fits] for job in jobs] if store else [[] for _ in jobs]
    known = store.load(key for part in keys for key in part) if store else {}
    results: list[list[np.ndarray | None]] = [
        [known.get(part[number]) if part else None for number in range(len(job.fits))]
        for job, part in zip(jobs, keys, strict=True)
    ]
    n_known = sum(result is not None for part in results for result in part)
    blocks = _blocks(jobs, results)
    fitted = _run(jobs, blocks, workers)
    for block, predictions in progress.track(zip(blocks, fitted, strict=True), "Training models", len(blocks)):
        for number, values in zip(block.fits, predictions, strict=True):
            results[block.job][number] = values
        if store:
            store.store({keys[block.job][number]: results[block.job][number] for number in block.fits})
    return results, n_known


def fit_key(job: Job, fit: Fit) -> bytes:
    """Return the hash of all that determines a fit's predictions."""
    sample = job.sample
    parts = (sample.features[fit.train], sample.label[fit.train], sample.features[fit.predict])
    header = (RESULT_VERSION, _library_versions(), job.forest, [part.shape for part in parts])
    digest = hashlib.blake2b(repr(header).encode(), digest_size=16)
    for part in parts:
        digest.update(np.ascontiguousarray(part))
    return digest.digest()


@cache
def _library_versions() -> tuple[str, str]:
    return version("scikit-learn"), version("numpy")


def _blocks(jobs: Sequence[Job], results: Sequence[Sequence[np.ndarray | None]]) -> list[_Block]:
    """Return the fits that are still to do, in parts of about equal work."""
    blocks = []
    for number, job in enumerate(jobs):
        part: list[int] = []
        rows = 0
        for fit_number, fit in enumerate(job.fits):
            if results[number][fit_number] is not None:
                continue
            part.append(fit_number)
            rows += fit.train.size
            if rows >= ROWS_PER_BLOCK:
                blocks.append(_Block(number, tuple(part)))
                part, rows = [], 0
        if part:
            blocks.append(_Block(number, tuple(part)))
    return blocks


def _run(jobs: Sequence[Job], blocks: Sequence[_Block], workers: int) -> Iterator[list[np.ndarray]]:
    from joblib import Parallel, cpu_count, delayed

    n_workers = min(workers or cpu_count(), len(blocks))
    n_rows = sum(jobs[block.job].fits[number].train.size for block in blocks for number in block.fits)
    if n_workers <= 1 or n_rows < ROWS_WORTH_WORKERS:
        return (_fit_block(*_work(jobs, block)) for block in blocks)
    # One thread each: the builder has no inner threads to gain from, and workers would fight for cores.
    pool = Parallel(n_jobs=n_workers, backend="loky", return_as="generator", batch_size=1)
    return pool(delayed(_fit_block)(*_work(jobs, block)) for block in blocks)


def _work(jobs: Sequence[Job], block: _Block) -> tuple[Forest, Sample, list[Fit]]:
    job = jobs[block.job]
    return job.forest, job.sample, [job.fits[number] for number in block.fits]


def _fit_block(forest: Forest, sample: Sample, fits: Sequence[Fit]) -> list[np.ndarray]:
    return [
        fit_predict(forest, sample.features[fit.train], sample.label[fit.train], sample.features[fit.predict])
        for fit in fits
    ]
