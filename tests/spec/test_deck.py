"""Twenty courses that a clinician would think of, each with all that is said of it: status, baseline and endpoint under
the main measures, the points of its curve, how long the response lasted, and item 9. Written by hand.

Unless it says otherwise an induction is six infusions, three days apart: L is day 15, so its endpoint is of days 29 to 46;
week 6 is days 35 to 49, and starters are looked at on days 21 to 60.
"""

from __future__ import annotations

import datetime as dt

from outcomes.paths import Home
from tests.nightly import AS_OF, asked, night

MAIN = ("response_post_induction", "remission_post_induction", "response_week_6", "response_of_starters")
CLOCKS = ("first_response_by_6_weeks", "sustained_response_4_weeks")
NOBODY = """
    k | n
    --+--
"""
NO_CLOCK = """
    measure | days
    --------+-----
"""
NO_REVIEW = """
    day | item_9
    ----+-------
"""


def course(spec, *, scores, endpoints, clocks, points, review=NO_REVIEW, as_of=1000, **more):
    """One course of the deck: its main measures, its clocks (all scores), the points of its curve, its item 9."""
    spec(
        scores=scores,
        as_of=as_of,
        only={"measure": MAIN, "cohort": "available"},
        endpoints=endpoints,
        infusion_mean=points,
    )
    only = {"measure": CLOCKS, "variant": "all"}
    spec(scores=scores, as_of=as_of, only=only, survival=clocks, item_9_review=review, **more)


def test_01_six_infusions_a_response_and_it_lasts(spec):
    """Half on day 9, before infusion 4; 4 of 20 at the end; 9 four weeks later is still within half."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            -2  | base      |        | 20
            0   | pre       | 1      |
            3   | pre       | 2      | 16
            6   | pre       | 3      | 12
            9   | pre       | 4      | 10
            12  | pre       | 5      | 8
            15  | pre       | 6      | 6
            36  | fu        |        | 4
            64  | fu        |        | 9
        """,
        endpoints="""
            measure                  | status | baseline_day | baseline_total | endpoint_day | endpoint_total
            -------------------------+--------+--------------+----------------+--------------+---------------
            response_post_induction  | met    | -2           | 20             | 36           | 4
            remission_post_induction | met    | -2           | 20             | 36           | 4
            response_week_6          | met    | -2           | 20             | 36           | 4
            response_of_starters     | met    | -2           | 20             | 36           | 4
        """,
        points="""
            k | mean_total | mean_change
            --+------------+------------
            0 | 20.0       |
            1 | 16.0       | 4.0
            2 | 12.0       | 8.0
            3 | 10.0       | 10.0
            4 | 8.0        | 12.0
            5 | 6.0        | 14.0
        """,
        clocks="""
            measure                    | start_day | days | is_event
            ---------------------------+-----------+------+---------
            first_response_by_6_weeks  | 0         | 9    | T
            sustained_response_4_weeks | 36        | 28   | F
        """,
    )


def test_02_five_infusions_then_stop(spec):
    """Five in twelve days are an induction (4 to 8 in 7 to 28 days), so the course counts: L is 12, the window 26 to 43."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 18
            3   | pre       | 2      | 17
            6   | pre       | 3      | 17
            9   | pre       | 4      | 16
            12  | pre       | 5      | 16
            26  | fu        |        | 15
        """,
        endpoints="""
            measure                  | status             | baseline_day | baseline_total | endpoint_day | endpoint_total
            -------------------------+--------------------+--------------+----------------+--------------+---------------
            response_post_induction  | not_met            | 0            | 18             | 26           | 15
            remission_post_induction | not_met            | 0            | 18             | 26           | 15
            response_week_6          | no_score_in_window | 0            | 18             |              |
            response_of_starters     | not_met            | 0            | 18             | 26           | 15
        """,
        points="""
            k | mean_total | mean_change
            --+------------+------------
            0 | 18.0       |
            1 | 17.0       | 1.0
            2 | 17.0       | 1.0
            3 | 16.0       | 2.0
            4 | 16.0       | 2.0
            5 | 15.0       | 3.0
        """,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 26   | F
        """,
    )


def test_03_nine_infusions_in_28_days(spec):
    """Nine are more than an induction: extended, and out of the matched measure. The other measures take it."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            28  | pre       | 9      | 12
            45  | fu        |        | 8
        """,
        endpoints="""
            measure                  | status             | baseline_day | baseline_total | endpoint_day | endpoint_total
            -------------------------+--------------------+--------------+----------------+--------------+---------------
            response_post_induction  | induction_extended | 0            | 20             |              |
            remission_post_induction | induction_extended | 0            | 20             |              |
            response_week_6          | met                | 0            | 20             | 45           | 8
            response_of_starters     | met                | 0            | 20             | 45           | 8
        """,
        points="""
            k | mean_total | mean_change
            --+------------+------------
            0 | 20.0       |
        """,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 45   | T
        """,
    )


def test_04_a_second_induction_half_a_year_later(spec):
    """The relapse on day 180 is the baseline of course 2, which is a repeat course; it is also the last score of course 1,
    and the end of its response."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            15  | pre       | 6      |
            40  | fu        |        | 6
            180 | pre       | 1      | 19
            195 | pre       | 6      |
            220 | fu        |        | 5
        """,
        endpoints="""
            course | measure                  | status        | baseline_day | baseline_total | endpoint_day | endpoint_total
            -------+--------------------------+---------------+--------------+----------------+--------------+---------------
            1      | response_post_induction  | met           | 0            | 20             | 40           | 6
            1      | remission_post_induction | not_met       | 0            | 20             | 40           | 6
            1      | response_week_6          | met           | 0            | 20             | 40           | 6
            1      | response_of_starters     | met           | 0            | 20             | 40           | 6
            2      | response_post_induction  | repeat_course | 180          | 19             |              |
            2      | remission_post_induction | repeat_course | 180          | 19             |              |
            2      | response_week_6          | repeat_course | 180          | 19             |              |
            2      | response_of_starters     | repeat_course | 180          | 19             |              |
        """,
        points="""
            k | mean_total | mean_change
            --+------------+------------
            0 | 20.0       |
        """,
        clocks="""
            measure                    | course | start_day | days | is_event
            ---------------------------+--------+-----------+------+---------
            first_response_by_6_weeks  | 1      | 0         | 40   | T
            sustained_response_4_weeks | 1      | 40        | 140  | T
        """,
    )


def test_05_a_baseline_in_remission(spec):
    """A 3 has nothing to remit and is no case; half of it is 1, and 2 is not."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 3
            15  | pre       | 6      |
            40  | fu        |        | 2
        """,
        endpoints="""
            measure                  | status                 | baseline_day | baseline_total | endpoint_day | endpoint_total
            -------------------------+------------------------+--------------+----------------+--------------+---------------
            response_post_induction  | not_met                | 0            | 3              | 40           | 2
            remission_post_induction | baseline_below_minimum | 0            | 3              |              |
            response_week_6          | not_met                | 0            | 3              | 40           | 2
            response_of_starters     | baseline_below_minimum | 0            | 3              |              |
        """,
        points=NOBODY,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 40   | F
        """,
    )


CSV_HEAD = "clinic_id,patient_id,infusion_number,days_since_first_infusion,timepoint,{},total,status".format(
    ",".join(f"item_{i}" for i in range(1, 10))
)


def sent(*rows: str) -> bytes:
    """A file with `number,day,timepoint,total,status` of one patient, without items."""
    lines = []
    for row in rows:
        number, day, timepoint, total, status = row.split(",")
        lines.append(f"C01,P-1,{number},{day},{timepoint}{',' * 10}{total},{status}")
    return "\n".join([CSV_HEAD, *lines, ""]).encode()


def test_06_a_score_corrected_two_nights_later(tmp_path):
    """The 7 of day 40 was a 17. Through real nights: both rows stay stored, the later one stands, and the response is gone
    with its clock; the score of day 60 follows it."""
    home = Home(tmp_path / "home")
    first = sent(
        "1,0,pre_infusion,20,final", "6,15,pre_infusion,,final", ",40,follow_up,7,final", ",60,follow_up,9,final"
    )
    night(home, {"first.csv": first}, AS_OF)
    stands = (
        "SELECT measure_id, status::VARCHAR, baseline_day, baseline_total, endpoint_day, endpoint_total FROM endpoint "
        "WHERE measure_id IN ('response_post_induction', 'response_week_6', 'response_of_starters') ORDER BY measure_id"
    )
    clocks = f"SELECT measure_id, start_day, days, is_event FROM survival WHERE measure_id IN {CLOCKS} AND variant = 'all' ORDER BY 1"
    as_of = AS_OF + dt.timedelta(days=60)
    night(home, {"more.csv": sent(",90,follow_up,9,final")}, as_of)
    assert asked(home, stands) == [
        ("response_of_starters", "met", 0, 20, 60, 9),
        ("response_post_induction", "met", 0, 20, 40, 7),
        ("response_week_6", "met", 0, 20, 40, 7),
    ]
    assert asked(home, clocks) == [
        ("first_response_by_6_weeks", 0, 40, True),
        ("sustained_response_4_weeks", 40, 50, False),
    ]
    night(home, {"second.csv": sent(",40,follow_up,17,corrected")}, as_of + dt.timedelta(days=1))
    assert asked(home, stands) == [
        ("response_of_starters", "met", 0, 20, 60, 9),
        ("response_post_induction", "not_met", 0, 20, 40, 17),
        ("response_week_6", "not_met", 0, 20, 40, 17),
    ]
    assert asked(home, clocks) == [("first_response_by_6_weeks", 0, 60, True)]
    assert asked(home, "SELECT total FROM score WHERE days_since_first_infusion = 40 ORDER BY total") == [(7,), (17,)]


def test_07_item_9_up_while_the_total_is_down(spec):
    """A remission by the total. Item 9 went from 0 to 1: it is listed for review, and counted as new."""
    course(
        spec,
        scores="""
            day | timepoint | number | total | item_9
            ----+-----------+--------+-------+-------
            0   | pre       | 1      | 20    | 0
            15  | pre       | 6      |       |
            40  | fu        |        | 4     | 1
        """,
        endpoints="""
            measure                  | status | baseline_total | baseline_item_9 | endpoint_total | endpoint_item_9
            -------------------------+--------+----------------+-----------------+----------------+----------------
            response_post_induction  | met    | 20             | 0               | 4              | 1
            remission_post_induction | met    | 20             | 0               | 4              | 1
            response_week_6          | met    | 20             | 0               | 4              | 1
            response_of_starters     | met    | 20             | 0               | 4              | 1
        """,
        points="""
            k | mean_total
            --+-----------
            0 | 20.0
        """,
        clocks="""
            measure                    | start_day | days | is_event
            ---------------------------+-----------+------+---------
            first_response_by_6_weeks  | 0         | 40   | T
            sustained_response_4_weeks | 40        | 0    | F
        """,
        review="""
            kind | day_before | item_9_before | day | item_9
            -----+------------+---------------+-----+-------
            new  | 0          | 0             | 40  | 1
        """,
        item_9_change="""
            observed | with_ideation | without_ideation | new | increased
            ---------+---------------+------------------+-----+----------
            1        | 0             | 1                | 1   | 1
        """,
    )


def test_08_a_switch_to_esketamine_before_the_endpoint(spec):
    """The switch on day 20 ends the induction, and the endpoint counts all the same, flagged: what happened is what is
    reported. Until the switch there was no response."""
    scores = """
        day | timepoint | number | total | drug
        ----+-----------+--------+-------+-----------
        0   | pre       | 1      | 20    |
        15  | pre       | 6      | 16    |
        20  | pre       | 7      | 14    | esketamine
        40  | fu        |        | 9     |
    """
    course(
        spec,
        scores=scores,
        endpoints="""
            measure                  | status  | endpoint_day | endpoint_total | switched_before_endpoint | maintenance_before_endpoint
            -------------------------+---------+--------------+----------------+--------------------------+----------------------------
            response_post_induction  | met     | 40           | 9              | T                        | T
            remission_post_induction | not_met | 40           | 9              | T                        | T
            response_week_6          | met     | 40           | 9              | T                        | T
            response_of_starters     | met     | 40           | 9              | T                        | T
        """,
        points="""
            k | mean_total
            --+-----------
            0 | 20.0
            6 | 14.0
        """,
        clocks="""
            measure                    | start_day | days | is_event
            ---------------------------+-----------+------+---------
            first_response_by_6_weeks  | 0         | 40   | T
            sustained_response_4_weeks | 40        | 0    | F
        """,
    )
    spec(
        scores=scores,
        only={"variant": "until_maintenance", "measure": CLOCKS},
        survival="""
            measure                    | start_day | days | is_event
            ---------------------------+-----------+------+---------
            first_response_by_6_weeks  | 0         | 20   | F
            sustained_response_4_weeks | 40        | 0    | F
        """,
    )


def test_09_a_follow_up_form_before_the_first_infusion(spec):
    """Labels do not matter before treatment: the form of day -3 is nearer to it than the baseline form of day -10."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            -10 | base      |        | 24
            -3  | fu        |        | 16
            0   | pre       | 1      |
            15  | pre       | 6      |
            40  | fu        |        | 12
        """,
        endpoints="""
            measure                  | status  | baseline_day | baseline_total | endpoint_day | endpoint_total
            -------------------------+---------+--------------+----------------+--------------+---------------
            response_post_induction  | not_met | -3           | 16             | 40           | 12
            remission_post_induction | not_met | -3           | 16             | 40           | 12
            response_week_6          | not_met | -3           | 16             | 40           | 12
            response_of_starters     | not_met | -3           | 16             | 40           | 12
        """,
        points="""
            k | mean_total
            --+-----------
            0 | 16.0
        """,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 40   | F
        """,
    )


def test_10_maintenance_before_the_endpoint(spec):
    """An infusion on day 36 (21 days after L) is maintenance. The endpoint is of day 44, flagged; without scores after the
    maintenance infusion it is of that day itself, and no response."""
    scores = """
        day | timepoint | number | total
        ----+-----------+--------+------
        0   | pre       | 1      | 20
        15  | pre       | 6      |
        36  | pre       | 7      | 13
        44  | fu        |        | 7
    """
    course(
        spec,
        scores=scores,
        endpoints="""
            measure                  | status  | endpoint_day | endpoint_total | maintenance_before_endpoint | sensitivity_day | sensitivity_total
            -------------------------+---------+--------------+----------------+-----------------------------+-----------------+------------------
            response_post_induction  | met     | 44           | 7              | T                           | 36              | 13
            remission_post_induction | not_met | 44           | 7              | T                           | 36              | 13
            response_week_6          | met     | 44           | 7              | T                           | 36              | 13
            response_of_starters     | met     | 44           | 7              | T                           | 36              | 13
        """,
        points="""
            k | mean_total
            --+-----------
            0 | 20.0
            7 | 7.0
        """,
        clocks="""
            measure                    | start_day | days | is_event
            ---------------------------+-----------+------+---------
            first_response_by_6_weeks  | 0         | 44   | T
            sustained_response_4_weeks | 44        | 0    | F
        """,
    )


def test_11_a_skipped_infusion_number(spec):
    """1, 2, 3, 5, 6: the fourth was given on a day that is not known, so this is an induction of six, and the form before
    infusion 5 is the one after infusion 4."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            3   | pre       | 2      | 18
            6   | pre       | 3      | 16
            12  | pre       | 5      | 12
            15  | pre       | 6      | 10
            40  | fu        |        | 8
        """,
        endpoints="""
            measure                  | status  | endpoint_day | endpoint_total
            -------------------------+---------+--------------+---------------
            response_post_induction  | met     | 40           | 8
            remission_post_induction | not_met | 40           | 8
            response_week_6          | met     | 40           | 8
            response_of_starters     | met     | 40           | 8
        """,
        points="""
            k | mean_total | mean_change
            --+------------+------------
            0 | 20.0       |
            1 | 18.0       | 2.0
            2 | 16.0       | 4.0
            4 | 12.0       | 8.0
            5 | 10.0       | 10.0
        """,
        clocks="""
            measure                    | start_day | days | is_event
            ---------------------------+-----------+------+---------
            first_response_by_6_weeks  | 0         | 15   | T
            sustained_response_4_weeks | 40        | 0    | F
        """,
        courses="""
            induction_infusions | span | induction
            --------------------+------+----------
            6                   | 15   | complete
        """,
    )


def test_12_no_baseline_then_one_the_day_after_the_first_infusion(spec):
    """A score taken after an infusion is never a baseline, whatever it is called."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            1   | base      |        | 20
            15  | pre       | 6      |
            40  | fu        |        | 4
        """,
        endpoints="""
            measure                  | status      | baseline_day | endpoint_day
            -------------------------+-------------+--------------+-------------
            response_post_induction  | no_baseline |              |
            remission_post_induction | no_baseline |              |
            response_week_6          | no_baseline |              |
            response_of_starters     | no_baseline |              |
        """,
        points=NOBODY,
        clocks=NO_CLOCK,
    )


def test_13_a_flattering_score_in_the_hours_after_an_infusion(spec):
    """The 2 of day 15 is of the recovery room and is used for nothing. That of day 17, two days after infusion 6, is the
    point after it; the endpoint is back at 14."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            15  | pre       | 6      |
            15  | post      | 6      | 2
            17  | fu        |        | 12
            40  | fu        |        | 14
        """,
        endpoints="""
            measure                  | status  | endpoint_day | endpoint_total
            -------------------------+---------+--------------+---------------
            response_post_induction  | not_met | 40           | 14
            remission_post_induction | not_met | 40           | 14
            response_week_6          | not_met | 40           | 14
            response_of_starters     | not_met | 40           | 14
        """,
        points="""
            k | mean_total | mean_change
            --+------------+------------
            0 | 20.0       |
            6 | 12.0       | 8.0
        """,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 40   | F
        """,
    )


def test_14_a_questionnaire_that_asked_since_the_last_treatment(spec):
    """The only score of the windows asks about other days than the PHQ-9 does: missing, by its own name. Its item 9 is
    still looked at."""
    course(
        spec,
        scores="""
            day | timepoint | number | total | item_9 | recall
            ----+-----------+--------+-------+--------+---------------------
            0   | pre       | 1      | 20    | 1      |
            15  | pre       | 6      |       |        |
            40  | fu        |        | 5     | 2      | since_last_treatment
        """,
        endpoints="""
            measure                  | status         | baseline_total | endpoint_day
            -------------------------+----------------+----------------+-------------
            response_post_induction  | altered_recall | 20             |
            remission_post_induction | altered_recall | 20             |
            response_week_6          | altered_recall | 20             |
            response_of_starters     | altered_recall | 20             |
        """,
        points="""
            k | mean_total
            --+-----------
            0 | 20.0
        """,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 0    | F
        """,
        review="""
            kind   | item_9_before | day | item_9
            -------+---------------+-----+-------
            higher | 1             | 40  | 2
        """,
    )


def test_15_a_form_with_eight_of_nine_items(spec):
    """Day 40 has no total; the whole form of day 25 is too early for the matched measure and week 6, and is what the
    starters are judged by."""
    course(
        spec,
        scores="""
            day | timepoint | number | total | items
            ----+-----------+--------+-------+----------
            0   | pre       | 1      | 20    |
            15  | pre       | 6      |       |
            25  | fu        |        | 9     |
            40  | fu        |        |       | 1111100.0
        """,
        endpoints="""
            measure                  | status          | endpoint_day | endpoint_total
            -------------------------+-----------------+--------------+---------------
            response_post_induction  | incomplete_form |              |
            remission_post_induction | incomplete_form |              |
            response_week_6          | incomplete_form |              |
            response_of_starters     | met             | 25           | 9
        """,
        points="""
            k | mean_total
            --+-----------
            0 | 20.0
            6 | 9.0
        """,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 25   | T
        """,
    )


def test_16_two_scores_on_one_day(spec):
    """Against the clinic both times: the lower baseline, the higher endpoint. The other pair would be a response (22 to 9)."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | base      |        | 22
            0   | pre       | 1      | 18
            15  | pre       | 6      |
            40  | pre       | 7      | 9
            40  | fu        |        | 10
        """,
        endpoints="""
            measure                  | status  | baseline_total | baseline_tie | endpoint_day | endpoint_total | endpoint_tie
            -------------------------+---------+----------------+--------------+--------------+----------------+-------------
            response_post_induction  | not_met | 18             | T            | 40           | 10             | T
            remission_post_induction | not_met | 18             | T            | 40           | 10             | T
            response_week_6          | not_met | 18             | T            | 40           | 10             | T
            response_of_starters     | not_met | 18             | T            | 40           | 10             | T
        """,
        points="""
            k | mean_total
            --+-----------
            0 | 18.0
        """,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 40   | T
        """,
    )


def test_17_never_started(spec):
    """A baseline and a phone call, no infusion: no course, so no status; the rise of item 9 is still listed."""
    course(
        spec,
        scores="""
            patient | day | timepoint | total | item_9
            --------+-----+-----------+-------+-------
            ann     | -7  | base      | 20    | 1
            ann     | 14  | fu        | 21    | 3
        """,
        endpoints="""
            measure | status
            --------+-------
        """,
        points=NOBODY,
        clocks=NO_CLOCK,
        review="""
            kind   | day_before | item_9_before | day | item_9
            -------+------------+---------------+-----+-------
            higher | -7         | 1             | 14  | 3
        """,
        not_started="""
            patient
            -------
            ann
        """,
    )


def test_18_in_the_middle_of_the_induction(spec):
    """Two weeks in, three infusions given. Everything waits, and nothing counts as failed; the clock runs to day 6, the curve has its first points."""
    course(
        spec,
        as_of=14,
        scores="""
            day | timepoint | number | total | received
            ----+-----------+--------+-------+---------
            0   | pre       | 1      | 20    | 0
            3   | pre       | 2      | 15    | 3
            6   | pre       | 3      | 11    | 6
        """,
        endpoints="""
            measure                  | status      | baseline_total | endpoint_day
            -------------------------+-------------+----------------+-------------
            response_post_induction  | not_yet_due | 20             |
            remission_post_induction | not_yet_due | 20             |
            response_week_6          | not_yet_due | 20             |
            response_of_starters     | not_yet_due | 20             |
        """,
        points="""
            k | mean_total | mean_change
            --+------------+------------
            0 | 20.0       |
            1 | 15.0       | 5.0
            2 | 11.0       | 9.0
        """,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 6    | F
        """,
    )


def test_19_worse_than_before(spec):
    """From 12 to 19: seven points are a reliable deterioration, and item 9 rose twice."""
    course(
        spec,
        scores="""
            day | timepoint | number | total | item_9
            ----+-----------+--------+-------+-------
            0   | pre       | 1      | 12    | 0
            3   | pre       | 2      | 13    | 1
            15  | pre       | 6      |       |
            40  | fu        |        | 19    | 2
        """,
        endpoints="""
            measure                  | status  | baseline_total | endpoint_day | endpoint_total
            -------------------------+---------+----------------+--------------+---------------
            response_post_induction  | not_met | 12             | 40           | 19
            remission_post_induction | not_met | 12             | 40           | 19
            response_week_6          | not_met | 12             | 40           | 19
            response_of_starters     | not_met | 12             | 40           | 19
        """,
        points="""
            k | mean_total | mean_change
            --+------------+------------
            0 | 12.0       |
            1 | 13.0       | -1.0
        """,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 40   | F
        """,
        review="""
            kind   | item_9_before | day | item_9
            -------+---------------+-----+-------
            new    | 0             | 3   | 1
            higher | 1             | 40  | 2
        """,
    )
    spec(
        measure="mean_change_post_induction",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 12
            15  | pre       | 6      |
            40  | fu        |        | 19
        """,
        change="""
            n | mean_change | improved | deteriorated | responded
            --+-------------+----------+--------------+----------
            1 | -7.0        | 0        | 1            | 0
        """,
    )


def test_20_a_response_at_once_that_is_lost_before_the_endpoint(spec):
    """Down to 8 after one infusion, back at 15 on day 40: a first response on day 3, and no response at the end. Nothing
    lasts that was not there at the endpoint."""
    course(
        spec,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            3   | pre       | 2      | 8
            6   | pre       | 3      | 4
            15  | pre       | 6      |
            40  | fu        |        | 15
        """,
        endpoints="""
            measure                  | status  | baseline_total | endpoint_day | endpoint_total
            -------------------------+---------+----------------+--------------+---------------
            response_post_induction  | not_met | 20             | 40           | 15
            remission_post_induction | not_met | 20             | 40           | 15
            response_week_6          | not_met | 20             | 40           | 15
            response_of_starters     | not_met | 20             | 40           | 15
        """,
        points="""
            k | mean_total | mean_change
            --+------------+------------
            0 | 20.0       |
            1 | 8.0        | 12.0
            2 | 4.0        | 16.0
        """,
        clocks="""
            measure                   | start_day | days | is_event
            --------------------------+-----------+------+---------
            first_response_by_6_weeks | 0         | 3    | T
        """,
        early_response="""
            k | early | courses | later_met
            --+-------+---------+----------
            1 | met   | 1       | 0
            2 | met   | 1       | 0
        """,
    )
