"""The whole of one run's settings."""

from __future__ import annotations

from typing import Literal

from backtrader_system.settings.conviction import ConvictionSettings
from backtrader_system.settings.data import DataSettings, UniverseSettings
from backtrader_system.settings.models import MlSettings
from backtrader_system.settings.output import EvidenceSettings, ExecutionSettings, OutputSettings
from backtrader_system.settings.puts import PutsSettings
from backtrader_system.settings.section import Section
from backtrader_system.settings.trading import BacktestSettings, SizerSettings, StrategySettings


class Settings(Section):
    """One reproducible run. Built by `load_settings`; every module receives only its own section."""

    system: Literal["ml_trading", "conviction", "put_recommendations"] = "ml_trading"
    universe: UniverseSettings = UniverseSettings()
    data: DataSettings = DataSettings()
    backtest: BacktestSettings = BacktestSettings()
    strategy: StrategySettings = StrategySettings()
    sizer: SizerSettings = SizerSettings()
    ml_config: MlSettings = MlSettings()
    conviction: ConvictionSettings = ConvictionSettings()
    puts: PutsSettings = PutsSettings()
    analyzers: tuple[str, ...] = ()                 # further analyzers, by file name in analyzers/
    output: OutputSettings = OutputSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    execution: ExecutionSettings = ExecutionSettings()
