"""What the report says must be what the manifest holds, and what it cannot know it must say."""

from __future__ import annotations

import pytest

from backtrader_system.models.conviction.synthetic import cold_start_model
from backtrader_system.models.conviction.training import train_model
from backtrader_system.models.conviction.training_report import training_report
from backtrader_system.settings.conviction import ConvictionModelSettings


def test_figures_of_the_manifest_are_in_the_report(make_rows, quick):
    model = train_model(make_rows(900), quick)
    facts, text = model.manifest, training_report(model)

    assert f"outcomes up to {facts.trained_through}" in text
    assert f"| {facts.auc:.2f} ({facts.auc_low:.2f} to {facts.auc_high:.2f}) |" in text
    assert f"| {100 * facts.precision:.1f} % ({100 * facts.precision_low:.1f} %" in text
    assert f"a base rate of {100 * facts.base_rate:.1f} %" in text
    assert "made up" not in text


def test_a_cold_start_says_so_first():
    text = training_report(cold_start_model(["mention_count"], ConvictionModelSettings(cold_start_signals=300)))

    assert "every training signal is made up" in text.splitlines()[2]


def test_a_gate_whose_interval_reaches_below_is_not_simply_met(make_rows, quick):
    texts = {}
    for skill in (0.0, 2.0, 6.0):
        text = training_report(train_model(make_rows(300, skill=skill), quick))
        texts[skill] = next(line for line in text.splitlines() if line.startswith("| AUC"))

    assert texts[0.0].endswith("| not met |")
    assert texts[2.0].endswith("| met, but the interval reaches below |")
    assert texts[6.0].endswith("| met |")


def test_a_recall_that_nobody_could_reach_is_explained(make_rows, quick):
    text = training_report(train_model(make_rows(600, intercept=0.0), quick))

    assert "the gate of recall cannot be met at this base rate" in text


@pytest.mark.parametrize("n", [25])
def test_few_signals_have_no_figures(make_rows, quick, n):
    text = training_report(train_model(make_rows(n, n_days=20), quick))

    assert "How good the model is, nobody can say yet." in text
    assert "not known" in text
