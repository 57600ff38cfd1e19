"""The columns of the owner's files, typed out from their documents; no column is guessed."""

from __future__ import annotations

from dataclasses import dataclass

TEXT, NUMBER, DATE = "text", "number", "date"


@dataclass(frozen=True, slots=True)
class FileColumn:
    """One column of a file: its name there, what it holds (text, number, date as YYYY-MM-DD) and whether it must be."""

    name: str
    kind: str
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class FileSchema:
    """One kind of file.

    table : what the store calls it. file_name : what the owner calls it. key : columns that tell rows apart.
    accumulates : every day's file repeats the past, so that a day's partition keeps only what is new in it.
    keeps_others : further columns are known to exist but not by name; they are kept as text.

    Examples
    --------
    >>> len(DATA.columns), DATA.required
    (67, ('OptionName', 'Bid', 'DaysToExpiry', 'StrikePrice', 'ExpiryDate', 'Ask'))
    """

    table: str
    file_name: str
    delimiter: str
    columns: tuple[FileColumn, ...]
    key: tuple[str, ...]
    older: tuple[FileColumn, ...] = ()
    accumulates: bool = False
    keeps_others: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of today's columns in the owner's order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Return the columns without which a file is refused."""
        return tuple(column.name for column in self.columns if column.is_required)

    def kind_of(self, name: str) -> str | None:
        """Return what a column holds, None if nobody knows it."""
        return next((column.kind for column in (*self.columns, *self.older) if column.name == name), None)


def _columns(text: str, *, required: str = "", texts: str = "", dates: str = "") -> tuple[FileColumn, ...]:
    kinds = dict.fromkeys(texts.split(), TEXT) | dict.fromkeys(dates.split(), DATE)
    return tuple(FileColumn(name, kinds.get(name, NUMBER), name in required.split()) for name in text.split())


_PROBABILITIES = ("1_2_3_ProbOfWorthless_Weighted ProbWorthless_Bayesian_IsoCal 1_ProbOfWorthless_Original "
                  "2_ProbOfWorthless_Calibrated 3_ProbOfWorthless_Historical_IV")

# One snapshot of all options on sale. It has no date of its own: see `days_to_expiry.py`.
DATA = FileSchema("data", "data.csv", "|", _columns(
    f"""OptionName FinancialReport X-Day Premium PoW_Simulation_Mean_Earnings 100k_Invested_Loss_Mean {_PROBABILITIES}
    Lower_Bound_at_Accuracy LossAtBadDecline LossAtWorstDecline PoW_Stats_MedianLossPct PoW_Stats_WorstLossPct
    PoW_Stats_MedianLoss PoW_Stats_WorstLoss PoW_Stats_MedianProbOfWorthless PoW_Stats_MinProbOfWorthless
    PoW_Stats_MaxProbOfWorthless LossAt100DayWorstDecline LossAt_2008_100DayWorstDecline Mean_Accuracy
    Lower_Bound_HistMedianIV_at_Accuracy Lower_Bound Lower_Bound_HistMedianIV Bid_Ask_Mid_Price Option_Price_Min
    NumberOfContractsBasedOnLimit Bid ProfitLossPctLeastBad Loss_Least_Bad IV_AllMedianIV_Maximum100DaysToExp_Ratio
    StockPrice DaysToExpiry AskBidSpread Underlying_Value StrikePrice StockPrice_After_2008_100DayWorstDecline
    LossAt50DayWorstDecline LossAt_2008_50DayWorstDecline ProfitLossPctBad ProfitLossPctWorst
    ProfitLossPct100DayWorst ImpliedVolatility TodayStockMedianIV_Maximum100DaysToExp
    AllMedianIV_Maximum100DaysToExp ExpiryDate_Lower_Bound_Minus_Pct_Based_on_Accuracy StrikeBelowLowerAtAcc
    StockName ExpiryDate Ask WorstHistoricalDecline BadHistoricalDecline ImpliedVolatilityUntilExpiry
    StockPrice_After_100DayWorstDecline StockPrice_After_50DayWorstDecline StockPrice_After_2008_50DayWorstDecline
    100DayMaxPrice 100DayMaxPriceDate 50DayMaxPrice 50DayMaxPriceDate Historical100DaysWorstDecline
    Historical50DaysWorstDecline 2008_100DaysWorstDecline 2008_50DaysWorstDecline""",
    required="OptionName Bid Ask DaysToExpiry StrikePrice ExpiryDate",
    texts="OptionName FinancialReport X-Day StrikeBelowLowerAtAcc StockName",
    dates="ExpiryDate 100DayMaxPriceDate 50DayMaxPriceDate"),
    key=("OptionName", "ExpiryDate"), older=_columns("PotentialLossAtLowerBound"))

PROBABILITIES = FileSchema("probabilities", "probability_history.csv", "|", _columns(
    f"OptionName Update_date {_PROBABILITIES}", required=f"OptionName Update_date {_PROBABILITIES}",
    texts="OptionName", dates="Update_date"), key=("OptionName", "Update_date"), accumulates=True)

# The older file has neither open, high and low nor the name pct_change_close.
STOCKS = FileSchema("stocks", "stock_data.csv", "|", _columns(
    "date name open high low close volume pct_change_close", required="date name close", texts="name", dates="date"),
    key=("name", "date"), older=_columns("pct"), accumulates=True)

MONTHLY = FileSchema("monthly", "Stocks_Monthly_Data.csv", "|", _columns(
    """name month year open high low close close_previous_month low_previous_month pct_return_month pct_open_to_low
    pct_low_to_high pct_low_previous_month_to_low_current_month day_low_day_of_month day_high_day_of_month""",
    required="name month year close pct_return_month day_low_day_of_month", texts="name month"),
    key=("name", "year", "month"), accumulates=True)

SUPPORT = FileSchema("support", "support_level_metrics.csv", ",", _columns(
    """stock_name rolling_period current_price rolling_low distance_to_support_pct total_breaks days_since_last_break
    last_break_date support_stability_pct stability_trend median_drop_per_break_pct avg_drop_per_break_pct max_drop_pct
    drop_std_dev_pct avg_days_between_breaks median_days_between_breaks trading_days_per_break num_clusters
    max_consecutive_breaks current_consecutive_breaks support_strength_score pattern_type break_probability_30d
    break_probability_60d last_calculated data_through_date""",
    required="stock_name rolling_period rolling_low days_since_last_break trading_days_per_break "
             "support_strength_score data_through_date",
    texts="stock_name stability_trend pattern_type", dates="last_break_date last_calculated data_through_date"),
    key=("stock_name", "rolling_period"))

# Until January 2026 the last four were called Baseline_*, and meant options that were no candidates.
RECOVERY = FileSchema("recovery", "recovery_report_data.csv", "|", _columns(
    """DataType Stock HistoricalPeakThreshold ProbMethod CurrentProb_Bin DTE_Bin RecoveryCandidate_N
    RecoveryCandidate_WorthlessCount RecoveryCandidate_WorthlessRate_pct AllOptions_N AllOptions_WorthlessCount
    AllOptions_WorthlessRate_pct RecoveryAdvantage_pp""",
    required="DataType Stock HistoricalPeakThreshold ProbMethod CurrentProb_Bin DTE_Bin RecoveryCandidate_N "
             "RecoveryCandidate_WorthlessCount",
    texts="DataType Stock ProbMethod CurrentProb_Bin DTE_Bin"),
    key=("DataType", "Stock", "HistoricalPeakThreshold", "ProbMethod", "CurrentProb_Bin", "DTE_Bin"),
    older=_columns("Baseline_N Baseline_WorthlessCount Baseline_WorthlessRate_pct"))

VALIDATION = FileSchema("validation", "validation_report_data.csv", "|", _columns(
    """DataType Stock DTE_Bin ProbMethod Bin PredictedProb ActualRate Count CalibrationError Brier_Score AUC_ROC
    Log_Loss Expected_Calibration_Error""",
    required="DataType ProbMethod Count", texts="DataType Stock DTE_Bin ProbMethod Bin"),
    key=("DataType", "Stock", "DTE_Bin", "ProbMethod", "Bin"))

MARGINS = FileSchema("margins", "margin_requirements.csv", "|", _columns(
    """OptionName Prob_Normal_2SD_Decline_Pct Hist_Worst_Decline_Pct SRI_Base Event_Buffer Final_SRI OTM_Amount
    Margin_A_Broker_Proxy Margin_B_Historical_Floor Margin_Floor_15pct Est_Margin_SEK Net_Premium_After_Costs
    Annualized_ROM_Pct""",
    required="OptionName Est_Margin_SEK", texts="OptionName"), key=("OptionName",))

# 36 columns, of which the documents name these.
SCORED = FileSchema("scored", "current_options_scored.csv", "|", _columns(
    """option_name expiry_date Days_To_Expiry premium current_probability v21_score v21_historical_peak ta_probability
    combined_score models_agree agreement_strength""",
    required="option_name expiry_date combined_score", texts="option_name models_agree agreement_strength",
    dates="expiry_date"), key=("option_name", "expiry_date"), keeps_others=True)

SCHEMAS = (DATA, PROBABILITIES, STOCKS, MONTHLY, SUPPORT, RECOVERY, VALIDATION, MARGINS, SCORED)

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
