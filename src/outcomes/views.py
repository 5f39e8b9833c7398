"""The derived views that a command shows. Light, so that `--help` need not load a database."""

from __future__ import annotations

# View: the columns its rows are ordered by. Every view says in its COMMENT what it is.
VIEWS = {
    "infusion_curve": "clinic_id, outcome, cohort, k",
    "infusion_mean": "clinic_id, cohort, k",
    "infusion_worsened": "clinic_id, k",
    "week_curve": "clinic_id, cohort, week",
    "early_response": "clinic_id, k, early",
    "survival_at": "measure_id, clinic_id, variant, day",
    "survival_curve": "measure_id, clinic_id, variant, day",
    "missing_outcome": "measure_id, clinic_id",
    "near_window": "measure_id, clinic_id",
    "attrition": "measure_id, clinic_id, step",
    "case_mix": "measure_id, clinic_id, mean_baseline IS NULL, band = 'all', mean_baseline, band",
    "observed_expected": "benchmark_id, clinic_id",
    "baseline_beside": "benchmark_id, clinic_id",
    "change": "measure_id, clinic_id",
    "severity_change": "measure_id, clinic_id, baseline_band, endpoint_band",
    "item_9_change": "measure_id, clinic_id",
    "safety": "clinic_id, event",
    "stratum_rate": "measure_id, clinic_id, dimension, stratum",
    "funnel": "measure_id, clinic_id",
    "funnel_measure": "measure_id",
}
