"""Selections of known skill over outcomes that overlap in time and share the market."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from backtrader_system.metrics.conviction.comparison import compare_selections

LABEL_DAYS = 30


@dataclass(frozen=True, slots=True)
class World:
    """n_signals over `days`; a win is a latent number below its threshold. market : variance of the market's 30-day
    move over that of the signal's own. burst : how unevenly in time either selection picks (0: evenly). edge : added
    win rate of signals that only A selects."""

    n_signals: int = 500
    days: int = 540
    n_selected: int = 50
    base_rate: float = 0.3
    edge: float = 0.0
    market: float = 1.0
    burst: float = 0.0


def draw(world: World, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Return won, is_a, is_b, decided_at and the true difference of the two win rates."""
    day = np.sort(rng.integers(0, world.days, world.n_signals))
    path = np.cumsum(np.concatenate([[0.0], rng.standard_normal(world.days + LABEL_DAYS)]))
    market = (path[day + LABEL_DAYS] - path[day]) / LABEL_DAYS**0.5
    own = rng.standard_normal(world.n_signals)
    latent = (world.market**0.5 * market + own) / (1 + world.market) ** 0.5
    is_a, is_b = _picked(world, day, rng), _picked(world, day, rng)
    chance = np.where(is_a & ~is_b, world.base_rate + world.edge, world.base_rate)
    levels, place = np.unique(chance, return_inverse=True)
    threshold = np.array([NormalDist().inv_cdf(level) for level in levels])[place]
    true = world.edge * float((is_a & ~is_b).sum()) / world.n_selected
    return (latent < threshold).astype(float), is_a, is_b, np.datetime64("2023-01-01") + day, true


def experiment(world: World, *, repeats: int, seed: int) -> dict[str, float]:
    """Return shares of `repeats`: the interval holds the truth, the verdict is rollout; and the mean predicted power
    at 30 points."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(repeats):
        won, is_a, is_b, decided_at, true = draw(world, rng)
        found = compare_selections(won, is_a, is_b, decided_at)
        rows.append((found.low <= true <= found.high, found.verdict == "rollout", found.power.get(0.30, 0.0)))
    return dict(zip(("covered", "rollout", "predicted"), np.mean(rows, axis=0).tolist(), strict=True))


def _picked(world: World, day: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    weight = np.exp(world.burst * rng.standard_normal(world.days // 15 + 1))[day // 15]
    is_picked = np.zeros(world.n_signals, dtype=bool)
    is_picked[rng.choice(world.n_signals, world.n_selected, replace=False, p=weight / weight.sum())] = True
    return is_picked
