"""A trained model of winning signals: features in, probability out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtrader_system.errors import DataError
from backtrader_system.models.conviction.calibration import Calibrator
from backtrader_system.models.conviction.contributions import Contributions, contributions_of
from backtrader_system.models.conviction.estimators import Estimator
from backtrader_system.models.conviction.manifest import ModelManifest


@dataclass(frozen=True, slots=True)
class ConvictionModel:
    """An estimator with its calibrator and its manifest. Made by `train_model`, read by `load_model`.

    Examples
    --------
    >>> from backtrader_system.models.conviction.synthetic import cold_start_model
    >>> from backtrader_system.settings.conviction import ConvictionModelSettings
    >>> model = cold_start_model(["dan_endorsed", "total_reactions"], ConvictionModelSettings(cold_start_signals=300))
    >>> signals = pd.DataFrame({"dan_endorsed": [0.0, 1.0], "total_reactions": [5.0, 80.0]})
    >>> low, high = model.predict(signals)
    >>> bool(low < high)
    True
    """

    estimator: Estimator
    calibrator: Calibrator
    manifest: ModelManifest

    @property
    def features(self) -> tuple[str, ...]:
        return self.manifest.features

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return the probability of winning, shape (n_rows,), in [0, 1].

        features : the columns of `self.features` in any order, NaN for unknown.

        Raises
        ------
        DataError
            Lists the features that are missing and those the model does not know: a table with other columns was made
            in another mode, and the same name may mean something else there.
        """
        return self.calibrator.probability(self.margin(features))

    def margin(self, features: pd.DataFrame) -> np.ndarray:
        """Return log-odds before calibration, shape (n_rows,). Raises as `predict`."""
        values = self.values(features)
        return self.estimator.margin(values) if len(values) else np.zeros(0)

    def contributions(self, features: pd.DataFrame) -> Contributions:
        """Return what each feature adds to each signal's margin, before calibration. Raises as `predict`."""
        return contributions_of(self.estimator, self.values(features), self.features, features.index)

    def values(self, features: pd.DataFrame) -> np.ndarray:
        """Return the features as the estimator takes them, float64. Raises as `predict`."""
        missing = [name for name in self.features if name not in features.columns]
        extra = [str(name) for name in features.columns if name not in self.features]
        if missing or extra:
            raise DataError(
                f"the signals do not have the features of the model ({len(self.features)} in the model, "
                f"{features.shape[1]} given); use the feature mode the model was trained in, or train a new model",
                faults=[f"missing: {', '.join(missing) or 'none'}",
                        f"not known to the model: {', '.join(extra) or 'none'}"])
        values = features[list(self.features)].to_numpy(dtype=float)
        infinite = np.isinf(values).any(axis=0)
        if infinite.any():
            names = [name for name, is_bad in zip(self.features, infinite, strict=True) if is_bad]
            raise DataError(f"the features {', '.join(names)} hold infinite values; use NaN for unknown")
        return values
