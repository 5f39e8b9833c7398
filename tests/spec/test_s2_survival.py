"""Time to the first response or remission, and how long a response lasts: clocks, and the Kaplan-Meier curve of them."""


def test_the_clock_of_a_first_response_starts_on_the_first_infusion_and_stops_at_the_first_score_with_it(spec):
    """ann halves on day 14 and no later score matters; bob never does; cat has no later score; dan's only one is of the
    hours after the infusion, which is not usable."""
    spec(
        measure="first_response_by_6_weeks",
        only={"variant": "all"},
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 7   | fu        |        | 11
            ann     | 14  | fu        |        | 10
            ann     | 21  | fu        |        | 15
            bob     | 0   | pre       | 1      | 20
            bob     | 9   | fu        |        | 11
            bob     | 21  | fu        |        | 12
            cat     | 0   | pre       | 1      | 20
            dan     | 0   | pre       | 1      | 20
            dan     | 0   | post      | 1      | 5
        """,
        survival="""
            patient | start_day | days | is_event
            --------+-----------+------+---------
            ann     | 0         | 14   | T
            bob     | 0         | 21   | F
            cat     | 0         | 0    | F
            dan     | 0         | 0    | F
        """,
        statuses="""
            patient | status
            --------+---------
            ann     | event
            bob     | censored
            cat     | censored
            dan     | censored
        """,
    )


def test_an_event_after_the_six_weeks_is_still_an_event(spec):
    """The curve is read at day 42; until then this course is at risk."""
    spec(
        measure="first_remission_by_6_weeks",
        only={"variant": "all"},
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            41  | fu        |        | 5
            60  | fu        |        | 4
        """,
        survival="""
            days | is_event
            -----+---------
            60   | T
        """,
    )


def test_who_has_a_clock_of_a_first_remission(spec):
    """Any first course of IV ketamine with a baseline of 5 or more in the 30 days before, however few its infusions and
    however soon it is asked: censoring deals with time."""
    spec(
        measure="first_remission_by_6_weeks",
        as_of=3,
        scores="""
            patient | day | timepoint | number | total | drug
            --------+-----+-----------+--------+-------+----------
            four    | 0   | pre       | 1      | 4     |
            five    | 0   | pre       | 1      | 5     |
            late    | -31 | base      |        | 20    |
            late    | 0   | pre       | 1      |       |
            none    | 0   | pre       | 1      |       |
            spray   | 0   | pre       | 1      | 20    | esketamine
        """,
        statuses="""
            patient | status
            --------+-----------------------
            four    | baseline_below_minimum
            five    | censored
            late    | baseline_too_old
            none    | no_baseline
            spray   | other_drug
        """,
    )


def test_a_baseline_of_0_never_responds(spec):
    """Half of nothing is nothing: 0 is no response to 0."""
    spec(
        measure="first_response_by_6_weeks",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 0
            14  | fu        |        | 0
        """,
        statuses="""
            status
            ----------------------
            baseline_below_minimum
        """,
        survival="""
            days | is_event
            -----+---------
        """,
    )


def test_a_response_is_lost_above_half_of_the_baseline(spec):
    """The clock starts on the endpoint's day, 30. Half exactly is still a response; one point more is not."""
    spec(
        measure="sustained_response_4_weeks",
        only={"variant": "all"},
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 8
            ann     | 50  | fu        |        | 10
            ann     | 60  | fu        |        | 11
            ann     | 70  | fu        |        | 3
            bob     | 0   | pre       | 1      | 20
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        |        | 8
            bob     | 50  | fu        |        | 10
            cat     | 0   | pre       | 1      | 20
            cat     | 10  | pre       | 4      |
            cat     | 30  | fu        |        | 8
        """,
        survival="""
            patient | start_day | days | is_event
            --------+-----------+------+---------
            ann     | 30        | 30   | T
            bob     | 30        | 20   | F
            cat     | 30        | 0    | F
        """,
    )


def test_of_several_scores_on_a_day_one_above_half_is_enough(spec):
    spec(
        measure="sustained_response_8_weeks",
        only={"variant": "all"},
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            10  | pre       | 4      |
            30  | fu        |        | 8
            50  | pre       | 5      | 11
            50  | fu        |        | 6
        """,
        survival="""
            days | is_event
            -----+---------
            20   | T
        """,
    )


def test_until_maintenance_a_score_on_that_day_counts_and_a_later_one_does_not(spec):
    """Infusion 5, 30 days after the fourth, is maintenance, and so is a switch to esketamine (dan). bob has lost the
    response on that day; cat's last score before it is of day 45."""
    spec(
        measure="sustained_response_4_weeks",
        scores="""
            patient | day | timepoint | number | total | drug
            --------+-----+-----------+--------+-------+-----------
            ann     | 0   | pre       | 1      | 20    |
            ann     | 10  | pre       | 4      |       |
            ann     | 24  | fu        |        | 8     |
            ann     | 42  | pre       | 5      | 9     |
            ann     | 60  | fu        |        | 15    |
            bob     | 0   | pre       | 1      | 20    |
            bob     | 10  | pre       | 4      |       |
            bob     | 24  | fu        |        | 8     |
            bob     | 42  | pre       | 5      | 11    |
            cat     | 0   | pre       | 1      | 20    |
            cat     | 10  | pre       | 4      |       |
            cat     | 24  | fu        |        | 8     |
            cat     | 45  | fu        |        | 8     |
            cat     | 50  | pre       | 5      |       |
            cat     | 60  | fu        |        | 8     |
            dan     | 0   | pre       | 1      | 20    |
            dan     | 10  | pre       | 4      |       |
            dan     | 24  | fu        |        | 8     |
            dan     | 43  | pre       | 5      | 9     | esketamine
            dan     | 60  | fu        |        | 15    |
        """,
        survival="""
            patient | variant           | start_day | days | is_event
            --------+-------------------+-----------+------+---------
            ann     | all               | 24        | 36   | T
            ann     | until_maintenance | 24        | 18   | F
            bob     | all               | 24        | 18   | T
            bob     | until_maintenance | 24        | 18   | T
            cat     | all               | 24        | 36   | F
            cat     | until_maintenance | 24        | 21   | F
            dan     | all               | 24        | 36   | T
            dan     | until_maintenance | 24        | 19   | F
        """,
    )


def test_a_response_seen_only_after_maintenance_lasts_0_days_without_it(spec):
    """Maintenance on day 25, the endpoint on day 30: nothing of the response was seen without maintenance."""
    spec(
        measure="sustained_response_4_weeks",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            10  | pre       | 4      |
            25  | pre       | 5      |
            30  | fu        |        | 8
            60  | fu        |        | 15
        """,
        survival="""
            variant           | start_day | days | is_event
            ------------------+-----------+------+---------
            all               | 30        | 30   | T
            until_maintenance | 30        | 0    | F
        """,
    )


def test_a_course_without_a_response_has_its_own_status_and_no_clock(spec):
    """bob keeps the status that the response measure gave him."""
    spec(
        measure="sustained_response_8_weeks",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 11
            bob     | 0   | pre       | 1      | 20
            bob     | 10  | pre       | 4      |
            cat     | 0   | pre       | 1      | 20
            cat     | 10  | pre       | 3      |
            dan     | 0   | pre       | 1      | 20
            dan     | 10  | pre       | 4      |
            dan     | 30  | fu        |        | 10
        """,
        statuses="""
            patient | status
            --------+---------------------
            ann     | not_a_responder
            bob     | no_score_in_window
            cat     | induction_incomplete
            dan     | censored
        """,
        survival="""
            patient | variant           | days
            --------+-------------------+-----
            dan     | all               | 0
            dan     | until_maintenance | 0
        """,
    )


def test_a_score_of_the_next_course_ends_nothing_of_this_one(spec):
    """The second course starts on day 125, over 90 days after infusion 4: its score of that day is the last of the first."""
    spec(
        measure="sustained_response_8_weeks",
        only={"variant": "all", "course": 1},
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            10  | pre       | 4      |
            30  | fu        |        | 8
            125 | pre       | 5      | 9
            130 | fu        |        | 20
        """,
        survival="""
            start_day | days | is_event
            ----------+------+---------
            30        | 95   | F
        """,
    )


FIVE = """
    patient | day | timepoint | number | total
    --------+-----+-----------+--------+------
    ann     | 0   | pre       | 1      | 20
    ann     | 7   | fu        |        | 9
    bob     | 0   | pre       | 1      | 20
    bob     | 7   | fu        |        | 9
    cat     | 0   | pre       | 1      | 20
    cat     | 7   | fu        |        | 19
    dan     | 0   | pre       | 1      | 20
    dan     | 14  | fu        |        | 9
    eve     | 0   | pre       | 1      | 20
    eve     | 20  | fu        |        | 19
"""


def test_at_one_time_events_come_before_censorings(spec):
    """cat is still at risk on day 7: 3 of 5 go on, not 2 of 4. Then one of two. Limits by hand for S = 0.6:
    ln S = -0.5108, sqrt(2/15) / 0.5108 = 0.7148, e^(1.96 x 0.7148) = 4.059, 0.6^4.059 = 0.1257 and 0.6^(1/4.059) = 0.8818."""
    spec(
        measure="first_response_by_6_weeks",
        only={"variant": "all"},
        scores=FIVE,
        survival_curve="""
            day | at_risk | events | censored | survival | greenwood | low    | high
            ----+---------+--------+----------+----------+-----------+--------+-------
            0   | 5       | 0      | 0        | 1.0      | 0.0       |        |
            7   | 5       | 2      | 1        | 0.6      | 0.1333    | 0.1257 | 0.8818
            14  | 2       | 1      | 0        | 0.3      | 0.6333    | 0.0123 | 0.7192
            20  | 1       | 0      | 1        | 0.3      | 0.6333    | 0.0123 | 0.7192
        """,
    )


def test_a_curve_that_reaches_0_has_no_limits_there(spec):
    """Both censored on day 0 are in the first number at risk."""
    spec(
        measure="first_response_by_6_weeks",
        only={"variant": "all"},
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            bob     | 0   | pre       | 1      | 20
            cat     | 0   | pre       | 1      | 20
            cat     | 7   | fu        |        | 9
        """,
        survival_curve="""
            day | at_risk | events | censored | survival | low | high
            ----+---------+--------+----------+----------+-----+-----
            0   | 3       | 0      | 2        | 1.0      |     |
            7   | 1       | 1      | 0        | 0.0      |     |
        """,
    )


def test_below_ten_at_risk_the_curve_is_hidden(spec):
    """Two respond on day 7. Ten are at risk on day 28, and S = 10/12; one of them has no score after day 30, so nine
    are at risk on day 42."""
    rows = [f"p{i:02} | {day} | {what}" for i in range(12) for day, what in (
        [(0, "pre | 1 | 20"), (7, "fu | | 9")] if i < 2 else [(0, "pre | 1 | 20"), (30 if i == 2 else 60, "fu | | 15")]
    )]  # fmt: skip
    spec(
        measure="first_response_by_6_weeks",
        only={"variant": "all"},
        scores="patient | day | timepoint | number | total\n---\n" + "\n".join(rows),
        survival_at="""
            day | at_risk | is_shown | survival | low    | high
            ----+---------+----------+----------+--------+-------
            0   | 12      | T        | 1.0      |        |
            28  | 10      | T        | 0.8333   | 0.4817 | 0.9555
            42  | 9       | F        |          |        |
            56  | 9       | F        |          |        |
            84  | 0       | F        |          |        |
        """,
    )
