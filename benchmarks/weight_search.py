"""How fast and how exact the search over all 41,118 weight vectors is.

    python benchmarks/weight_search.py [--rows 5000 50000 500000] [--threads 2] [--repeat 3]

For each number of rows, in the same run: the time of the search (best of the repeats, compilation excluded), that of
one `roc_auc_score` per vector (measured on some, times 41,118), their ratio, the largest difference to scikit-learn on
whole tenths, and the memory that the search added to the process at its peak.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from sklearn.metrics import roc_auc_score

from backtrader_system.puts.weights.grid import STEP
from backtrader_system.puts.weights.search import search_weights

TARGET_SECONDS = {5_000: 2.0, 50_000: 10.0, 500_000: 60.0}
NAIVE_ROWS = 3_000_000          # rows sorted in total to time the naive loop


def sample(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return six correlated factors (0 ... 100) and outcomes that depend on what they share."""
    random = np.random.default_rng(3)
    latent = random.standard_normal(n_rows)
    factors = 50 + 18 * (0.3 * latent[:, None] + random.standard_normal((n_rows, 6)))
    worthless = (random.random(n_rows) < 1 / (1 + np.exp(-0.6 * latent - 1))).astype(float)
    return np.clip(factors, 0, 100), worthless


def naive_seconds(factors: np.ndarray, worthless: np.ndarray, grid: np.ndarray) -> float:
    """Return the seconds of one scikit-learn area per vector, extrapolated from some of them."""
    chosen = np.random.default_rng(1).choice(len(grid), max(3, min(60, NAIVE_ROWS // len(factors))), replace=False)
    start = time.perf_counter()
    for place in chosen:
        roc_auc_score(worthless, factors @ grid[place])
    return (time.perf_counter() - start) / len(chosen) * len(grid)


def measure(n_rows: int, threads: int | None, repeat: int) -> str:
    """Return one line of results."""
    factors, worthless = sample(n_rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        found = search_weights(factors, worthless, threads=threads)
        seconds.append(time.perf_counter() - start)
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    naive = naive_seconds(factors, worthless, found.grid)
    tenths = np.rint(factors * 10).astype(np.int64)
    checked = np.random.default_rng(2).choice(len(found.grid), 5 if n_rows > 100_000 else 25, replace=False)
    error = max(abs(roc_auc_score(worthless, tenths @ (found.grid[place] // STEP))
                    - found.auc[found.vector_of_grid[place]]) for place in checked)
    target = TARGET_SECONDS.get(n_rows)
    return (f"{n_rows:>9,} {min(seconds):>9.2f} {max(seconds):>9.2f} {target or float('nan'):>7.0f} {naive:>9.0f} "
            f"{naive / min(seconds):>7.0f}x {error:>9.1e} {added:>8.0f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=list(TARGET_SECONDS))
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    search_weights(*sample(200))
    print("     rows  best (s) worst (s)  target naive (s)   ratio  max error  MB added")
    for n_rows in arguments.rows:
        print(measure(n_rows, arguments.threads, arguments.repeat), flush=True)


if __name__ == "__main__":
    main()
