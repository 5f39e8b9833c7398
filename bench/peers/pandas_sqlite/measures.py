"""Courses, baselines, endpoints and rates of three measures, in pandas. docs/rules.md says what is computed, and its numbers.

All measures are of a patient's first course; later ones are `repeat_course`. Rows that stand are `scores`; `patient` is a
number, days count from the patient's first infusion.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from contract import DRUGS

MEASURES = ["response_post_induction", "remission_post_induction", "remission_6_months"]
NOT_ELIGIBLE = [
    "repeat_course", "other_drug", "no_baseline", "baseline_too_old", "baseline_below_minimum", "infusions_not_recorded",
    "induction_incomplete", "induction_extended",
]  # fmt: skip
MISSING = ["altered_recall", "incomplete_form", "no_score_in_window"]


def numbering_runs(told: pd.DataFrame, rules: dict[str, Any]) -> pd.Series:
    """The numbering run of each pre_ and post_infusion row, 0 where the row is set aside (R1).

    Where a patient's numbers simply rise from day to day there is one run. The others are read row by row.
    """
    run = pd.Series(1, index=told.index)
    number = told.groupby(["patient", "number"])["day"].agg(["min", "max"]).reset_index()
    falls = number["min"] < number.groupby("patient")["max"].shift()
    pre = told[told["is_pre"]].groupby(["patient", "number"])["day"].agg(["min", "max"])
    post = told[~told["is_pre"]].groupby(["patient", "number"])["day"].min()
    odd = (pre["max"] - pre["min"] > rules["reinduction_gap_days"]) | (post.reindex(pre.index) < pre["max"])
    odd |= (pre.index.get_level_values("number") == 1) & (pre["max"] > 0)
    irregular = set(number.loc[falls, "patient"]) | set(pre.index.get_level_values("patient")[odd])
    if not irregular:
        return run
    some = told[told["patient"].isin(irregular)].sort_values(["patient", "day", "number", "is_pre"], ascending=[True, True, True, False], kind="stable")  # fmt: skip
    for _, rows in some.groupby("patient", sort=False):
        run.loc[rows.index] = _read_one_by_one(rows, rules["reinduction_gap_days"])
    return run


def _read_one_by_one(rows: pd.DataFrame, gap: int) -> list[int]:
    """The runs of one patient's rows, in the order of reading."""
    runs, run, last, last_day = [], 0, 0, 0
    in_run: set[int] = set()
    posted: set[int] = set()
    for number, day, is_pre in zip(rows["number"], rows["day"], rows["is_pre"], strict=True):
        falls = number < last or (number == last and day - last_day > gap)
        fresh = run == 0 or ((is_pre or number not in in_run) and falls and (number == 1 or day - last_day > gap))
        out_of_order = not fresh and number < last and (is_pre or number not in in_run)
        not_day_0 = is_pre and number == 1 and run + fresh == 1 and day > 0
        if out_of_order or not_day_0 or (is_pre and not fresh and number in posted):
            runs.append(0)
            continue
        run += fresh
        if fresh:
            in_run, posted = set(), set()
        if fresh or number > last or (number == last and is_pre):
            last_day = 0 if run == 1 and number == 1 else day
        last = number if fresh else max(last, number)
        in_run.add(number)
        if not is_pre:
            posted.add(number)
        runs.append(run)
    return runs


def known_infusions(told: pd.DataFrame, clinic_drug: pd.Series) -> pd.DataFrame:
    """One row per patient, numbering run and infusion number (R1): its day, drug, and the day its post_ rows are held to."""
    told = told.assign(pre_day=told["day"].where(told["is_pre"]), post_day=told["day"].where(~told["is_pre"]))
    found = told.groupby(["patient", "run", "number"]).agg(pre_day=("pre_day", "max"), post_day=("post_day", "min"), drug=("drug", "min")).reset_index()  # fmt: skip
    found["day"] = found["pre_day"].fillna(found["post_day"])
    found["told_day"] = found["day"].where(found["post_day"].notna())
    first = found[found["run"] == 1].drop_duplicates("patient")
    unsaid = first[first["number"] > 1].assign(number=1, day=0, told_day=np.nan)
    found = pd.concat([found, unsaid]).sort_values(["patient", "run", "number"], ignore_index=True)
    found.loc[(found["run"] == 1) & (found["number"] == 1), "day"] = 0
    found["drug"] = found["drug"].fillna(found["patient"].map(clinic_drug))
    return found[["patient", "run", "number", "day", "told_day", "drug"]]


def with_courses(infusions: pd.DataFrame, rules: dict[str, Any]) -> pd.DataFrame:
    """Infusions, in the order of reading, with their course and their ordinal in it (R3)."""
    i = infusions
    before = i.groupby("patient")[["run", "number", "day"]].shift()
    same_run = before["run"] == i["run"]
    gap = (i["day"] - before["day"]) / (i["number"] - before["number"]).where(same_run, 1)
    starts = before["day"].isna() | (gap > rules["course_gap_days"])
    maybe = i.loc[(gap > rules["reinduction_gap_days"]) & ~starts, ["patient", "day"]].reset_index()
    near = maybe.merge(i[["patient", "day"]], on="patient", suffixes=("", "_near"))
    near = near[(near["day_near"] >= near["day"]) & (near["day_near"] <= near["day"] + rules["reinduction_days"])]
    crowded = near.groupby("index").size()
    starts.loc[crowded.index[crowded >= rules["reinduction_infusions"]]] = True
    course = starts.groupby(i["patient"]).cumsum()
    # A course that starts inside a run counts from its number; a run that starts inside a course goes on counting.
    moves = np.select([starts & same_run, ~starts & ~same_run], [-before["number"], before["number"]], 0.0)
    moves = pd.Series(moves, index=i.index).where(before["day"].notna(), 0)
    shift = moves.groupby([i["patient"], course]).cumsum()
    return i.assign(course=course, shift=shift, ordinal=i["number"] + shift)


def first_courses(infusions: pd.DataFrame, followed: pd.Series, rules: dict[str, Any]) -> pd.DataFrame:
    """One row per patient with a course: the first one, with what the measures ask of it (R3, R4)."""
    i = infusions[infusions["course"] == 1]
    by_patient = i.groupby("patient")
    last = i.groupby("patient")[["day", "ordinal", "number", "run"]].shift()
    steps = (i["number"] - last["number"]).where(last["run"] == i["run"], 1)
    first = by_patient[["day", "drug"]].first()
    first_day, first_drug = i["patient"].map(first["day"]), i["patient"].map(first["drug"])
    enough = rules["induction_minimum_infusions"]
    changes = (i["drug"] != first_drug) | ((i["day"] - last["day"] > rules["induction_gap_days"] * steps) & (last["ordinal"] >= enough))  # fmt: skip
    late = i["day"] > first_day + rules["induction_days"]
    breaks = i.assign(last_day=last["day"], last_ordinal=last["ordinal"])[changes | late].drop_duplicates("patient").set_index("patient")  # fmt: skip
    c = pd.DataFrame({"first_day": first["day"], "drug": first["drug"], "infusions": by_patient["ordinal"].max(), "last_infusion_day": by_patient["day"].max()})  # fmt: skip
    c["last_induction_day"] = breaks["last_day"].reindex(c.index).fillna(c["last_infusion_day"])
    c["n"] = breaks["last_ordinal"].reindex(c.index).fillna(c["infusions"])
    c["next_first_day"] = infusions[infusions["course"] == 2].drop_duplicates("patient").set_index("patient")["day"].reindex(c.index)  # fmt: skip
    c["followed_until"] = followed.reindex(c.index)
    wait = c["first_day"] + rules["induction_days"] + rules["extension_days"]
    wait = wait.where(c["n"] < enough, np.minimum(c["last_induction_day"] + rules["induction_gap_days"], wait))
    is_closed = c.index.isin(i.loc[changes, "patient"]) | c["next_first_day"].notna() | (c["followed_until"] > wait)
    span = c["last_induction_day"] - c["first_day"]
    b = breaks.reindex(c.index)
    goes_on = (b["drug"] == c["drug"]) & (b["day"] > c["first_day"] + rules["induction_days"]) & (b["day"] <= c["last_induction_day"] + rules["extension_days"])  # fmt: skip
    c["induction"] = np.select(
        [
            ~is_closed,
            (c["n"] < enough) | (span < rules["induction_minimum_span_days"]),
            (c["n"] > rules["induction_maximum_infusions"]) | goes_on,
        ],
        ["open", "incomplete", "extended"],
        "complete",
    )
    return c


def baselines(scores: pd.DataFrame, courses: pd.DataFrame, look_back: int) -> pd.DataFrame:
    """Per patient the baseline of the first course (R6): its day and total, and whether there is any, however old."""
    s = scores[scores["usable"]]
    first_day = s["patient"].map(courses["first_day"])
    on_day = (s["day"] == first_day) & s["timepoint"].isin(["baseline", "pre_infusion"]) & (s["received"] == 0)
    s = s[(s["day"] < first_day) | on_day]
    recent = s[first_day.loc[s.index] - s["day"] <= look_back]
    chosen = recent.sort_values(["patient", "day", "total"], ascending=[True, False, True]).drop_duplicates("patient")
    out = chosen.set_index("patient")[["day", "total"]].reindex(courses.index)
    return out.assign(has_any=courses.index.isin(s["patient"]))


def endpoints(scores: pd.DataFrame, courses: pd.DataFrame, anchor: pd.Series, low: int, high: int, *, any_course: bool) -> pd.DataFrame:  # fmt: skip
    """Per patient the total of the last usable score in the window (R7), and whether another was there (R10, 15 and 16)."""
    days = scores["day"] - scores["patient"].map(anchor)
    after = scores["day"] > scores["patient"].map(courses["first_day"])
    s = scores[after & (days >= low) & (days <= high) & ~scores["on_infusion_day"]]
    if not any_course:
        until = s["patient"].map(courses["next_first_day"])
        s = s[until.isna() | (s["day"] < until) | ((s["day"] == until) & (s["timepoint"] != "post_infusion"))]
    chosen = (
        s[s["usable"]]
        .sort_values(["patient", "day", "total"], ascending=[True, False, False])
        .drop_duplicates("patient")
    )
    altered = s.loc[s["total"].notna() & ~s["is_two_weeks"], "patient"]
    incomplete = s.loc[s["total"].isna() & (s["items_answered"] > 0) & s["is_two_weeks"], "patient"]
    total = chosen.set_index("patient")["total"].reindex(courses.index)
    return pd.DataFrame({"total": total, "altered": courses.index.isin(altered), "incomplete": courses.index.isin(incomplete)})  # fmt: skip


def statuses(
    scores: pd.DataFrame, courses: pd.DataFrame, measure: dict[str, Any], rules: dict[str, Any]
) -> pd.DataFrame:
    """The one status of each patient's first course for a measure (R10): the first that is true."""
    c = courses
    b = baselines(scores, c, measure["baseline_look_back_days"])
    by_baseline = measure["anchor"] == "baseline_score"
    anchor = b["day"] if by_baseline else c["last_induction_day"]
    e = endpoints(scores, c, anchor, measure["window_low"], measure["window_high"], any_course=by_baseline)
    needs = measure["induction"] == "complete"
    is_due = c["followed_until"] >= anchor + measure["window_high"] + rules["entry_lag_days"]
    met = 2 * e["total"] <= b["total"] if measure["outcome"] == "is_response" else e["total"] < 5
    tests = {
        "other_drug": c["drug"] != measure["drug"] if measure["drug"] != "any" else c["drug"].isna(),
        "no_baseline": ~b["has_any"],
        "baseline_too_old": b["total"].isna(),
        "baseline_below_minimum": b["total"] < measure["baseline_minimum"],
        "infusions_not_recorded": needs & c["unrecorded"],
        "induction_open": needs & (c["induction"] == "open"),
        "induction_incomplete": needs & (c["induction"] == "incomplete"),
        "induction_extended": needs & (c["induction"] == "extended"),
        "not_yet_due": ~is_due,
        "met": e["total"].notna() & met,
        "not_met": e["total"].notna(),
        "altered_recall": e["altered"],
        "incomplete_form": e["incomplete"],
    }
    status = np.select(
        [test.fillna(False).to_numpy(bool) for test in tests.values()], list(tests), "no_score_in_window"
    )
    status = np.where(status == "induction_open", "not_yet_due", status)
    return pd.DataFrame({"course": 1, "status": status, "baseline_total": b["total"], "endpoint_total": e["total"]}, index=c.index)  # fmt: skip


def wilson(met: pd.Series, n: pd.Series, z: float) -> tuple[pd.Series, pd.Series]:
    """Both limits of a share, by Wilson; missing where n is 0."""
    n = n.astype(float).where(n > 0)
    p = met / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return low.mask(met.eq(0) & n.notna(), 0.0), high.mask(met.eq(n), 1.0)


def placed(stored: pd.DataFrame, clinic_drug: pd.Series, rules: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores that stand with what R2 and R5 say of them; and the infusions with their courses."""
    s = stored[stored["stands"]].drop(columns="total").rename(columns={"days_since_first_infusion": "day", "infusion_number": "number", "phq9_total": "total"})  # fmt: skip
    s = s[["patient", "day", "number", "timepoint", "total", "items_answered", "recall_period", "drug"]].copy()
    s["day"], s["number"], s["total"] = (
        s["day"].astype("int64"),
        s["number"].astype("float64"),
        s["total"].astype("float64"),
    )
    s["drug"] = s["drug"].cat.codes.replace(-1, np.nan).astype("float64")
    is_infusion = s["timepoint"].isin(["pre_infusion", "post_infusion"])
    told = s[is_infusion].assign(is_pre=s["timepoint"] == "pre_infusion")
    told["run"] = numbering_runs(told, rules)
    infusions = with_courses(known_infusions(told[told["run"] > 0], clinic_drug), rules)
    s = s.drop(index=told.index[told["run"] == 0])
    s["run"] = told["run"].reindex(s.index)
    place = infusions.set_index(["patient", "run", "number"])
    at = place.reindex(pd.MultiIndex.from_frame(s[["patient", "run", "number"]]))
    s["on_infusion_day"] = (s["timepoint"] == "post_infusion") & (s["day"] == at["told_day"].to_numpy())
    ordinal = pd.Series(at["ordinal"].to_numpy(), index=s.index)
    s["received"] = ordinal.where(s["timepoint"] != "pre_infusion", ordinal - 1).where(s["timepoint"] != "baseline", 0)
    s["is_two_weeks"] = s["recall_period"] == "two_weeks"
    s["usable"] = s["total"].notna() & s["is_two_weeks"] & ~s["on_infusion_day"]
    return s, infusions


def unrecorded(scores: pd.DataFrame, infusions: pd.DataFrame, courses: pd.DataFrame) -> pd.Index:
    """Patients of whom a follow_up in the first course carries a number above its last known infusion's (R10, 8)."""
    c = courses.reindex(scores["patient"])
    until = c["next_first_day"].to_numpy()
    inside = (scores["day"] >= c["first_day"].to_numpy()) & (np.isnan(until) | (scores["day"] < until))
    numbered = scores[inside & (scores["timepoint"] == "follow_up") & scores["number"].notna()].copy()
    i = infusions[infusions["course"] == 1]
    moved = i.loc[i["shift"] != 0, "patient"].unique()
    some = numbered[numbered["patient"].isin(moved)].reset_index()
    both = some.merge(i[["patient", "day", "ordinal", "shift"]], on="patient", suffixes=("", "_of"))
    both = both[both["day_of"] <= both["day"]].sort_values("ordinal").drop_duplicates("index", keep="last")
    numbered["received"] = numbered["number"].add(both.set_index("index")["shift"], fill_value=0)
    return numbered.loc[numbered["received"] > numbered["patient"].map(courses["infusions"]), "patient"].unique()


def rates(good: pd.DataFrame, stored: pd.DataFrame, clinics: dict[str, Any], toml: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """The statuses of all courses, and per measure and clinic ("*" is all of them) the counts with their Wilson limits.

    `good` are the rows that broke no rule, `stored` those of them that are kept.
    """
    rules = toml["rules"]
    patients = good.drop_duplicates("patient").set_index("patient")[["clinic_id", "patient_id"]]
    clinic_drug = patients["clinic_id"].map(
        {name: float(DRUGS.index(clinic["drug"])) for name, clinic in clinics.items()}
    )
    # All came tonight: the last day of a row, or of an extract, is how far a patient was followed (R9).
    rows = stored[~stored["is_retracted"]].groupby("patient")["days_since_first_infusion"].max().astype("float64")
    told = good.groupby("patient")["extract_day"].max().astype("float64").reindex(rows.index)
    scores, infusions = placed(stored, clinic_drug, rules)
    courses = first_courses(infusions, np.fmax(rows, told), rules)
    courses["unrecorded"] = courses.index.isin(unrecorded(scores, infusions, courses))
    courses["drug"] = courses["drug"].map(dict(enumerate(DRUGS)))
    later = infusions.loc[infusions["course"] > 1, ["patient", "course"]].drop_duplicates().set_index("patient")
    found = []
    for name in MEASURES:
        of_first = statuses(scores, courses, toml[name], rules)
        found.append(pd.concat([of_first, later.assign(status="repeat_course")]).assign(measure_id=name))
    endpoint = pd.concat(found).join(patients).reset_index(drop=True)
    endpoint = endpoint[
        ["measure_id", "clinic_id", "patient_id", "course", "status", "baseline_total", "endpoint_total"]
    ]
    return endpoint, _counted(endpoint, list(clinics), rules["confidence_z"])


def _counted(endpoint: pd.DataFrame, clinics: list[str], z: float) -> pd.DataFrame:
    both = pd.concat([endpoint, endpoint.assign(clinic_id="*")])
    n = pd.crosstab([both["measure_id"], both["clinic_id"]], both["status"])
    n = n.reindex(
        pd.MultiIndex.from_product([MEASURES, ["*", *clinics]], names=["measure_id", "clinic_id"]), fill_value=0
    )

    def of(*names: str) -> pd.Series:
        return n.reindex(columns=list(names), fill_value=0).sum(axis=1)

    out = pd.DataFrame({"courses": n.sum(axis=1), "not_eligible": of(*NOT_ELIGIBLE), "waiting": of("not_yet_due"), "missing": of(*MISSING), "met": of("met")})  # fmt: skip
    out["observed"] = of("met", "not_met")
    out["due"] = out["observed"] + out["missing"]
    for name, of_whom in (("observed", out["observed"]), ("everyone", out["due"])):
        out[f"{name}_low"], out[f"{name}_high"] = wilson(out["met"], of_whom, z)
    return out.reset_index()
