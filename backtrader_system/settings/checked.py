"""Settings that were made or changed in Python, held to the same limits as those of a file."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from backtrader_system.errors import SettingsError
from backtrader_system.settings.faults import explain
from backtrader_system.settings.section import Section
from backtrader_system.settings.settings import Settings
from backtrader_system.settings.yaml_source import Document

BUILT_IN = ("ml_trading", "conviction")      # whose parameters have the names and meanings of settings


def checked_settings(settings: Settings, what: str = "settings") -> Settings:
    """Return settings whose every value is allowed, equal to those given.

    Pydantic checks values where a model is made, but neither `model_copy(update=...)` nor `model_construct`. Both
    engines therefore check again at their entry; it takes some 40 microseconds.

    what : how a message names them, where there are several.
    Raises: SettingsError with all faults, each as `section.key: what was found; what is allowed`.

    Examples
    --------
    >>> checked_settings(Settings()) == Settings()
    True
    >>> checked_settings(Settings().model_copy(update={"analyzers": None}))
    Traceback (most recent call last):
    backtrader_system.errors.SettingsError: settings cannot be used
      analyzers: found nothing; allowed: a list, each item text
    """
    if not isinstance(settings, Settings):
        raise SettingsError(
            f"{what} must be a Settings object, such as load_settings(...).settings; found {type(settings).__name__}")
    checked = _validated(settings, what)
    if checked.strategy.name in BUILT_IN and checked.strategy.params:
        _validated(_with_parameters(checked), f"{what}, with strategy.params in place of what they replace,")
    return checked


def _validated(settings: Settings, what: str) -> Settings:
    try:
        return Settings.model_validate(_values(settings))
    except ValidationError as error:
        raise SettingsError(f"{what} cannot be used", faults=explain(error, Document({}, {}))) from error


def _with_parameters(settings: Settings) -> Settings:
    """Return settings in which the parameters of a built-in strategy stand where the setting of their name does."""
    strategy, given = settings.strategy, settings.strategy.params
    exits = {name: value for name, value in given.items() if name in type(strategy.exits).model_fields}
    own = {name: value for name, value in given.items() if name in type(strategy).model_fields and name not in exits}
    changed = strategy.model_copy(update=own | {"exits": strategy.exits.model_copy(update=exits), "params": {}})
    return settings.model_copy(update={"strategy": changed})


def _values(section: Section) -> dict[str, Any]:
    # Not `model_dump`: it would also take apart what a user put into `strategy.params`.
    return {name: _values(value) if isinstance(value, Section) else value for name, value in vars(section).items()}
