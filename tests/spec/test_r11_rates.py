"""R11: the counts behind a rate. They add up, and every course is in them."""


def test_every_course_is_in_exactly_one_class(spec):
    """ann met, bob not, cat has no score in the window, dan is not yet due, eve has no baseline and a second course."""
    spec(
        measure="response_week_6",
        as_of=100,
        scores="""
            patient | day | timepoint | number | total | received
            --------+-----+-----------+--------+-------+---------
            ann     | 0   | pre       | 1      | 20    | 0
            ann     | 42  | fu        |        | 9     | 42
            bob     | 0   | pre       | 1      | 20    | 0
            bob     | 42  | fu        |        | 19    | 42
            cat     | 0   | pre       | 1      | 20    | 0
            dan     | 0   | pre       | 1      | 20    | 90
            eve     | 0   | pre       | 1      |       | 0
            eve     | 91  | pre       | 2      |       | 91
        """,
        rates="""
            met | not_met | observed | missing | due | waiting | eligible | not_eligible | courses
            ----+---------+----------+---------+-----+---------+----------+--------------+--------
            1   | 1       | 2        | 1       | 3   | 1       | 4        | 2            | 6
        """,
    )


def test_all_three_kinds_of_missing_count_as_due(spec):
    """And only as due: coverage is 1 of 4."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total | items     | recall
            --------+-----+-----------+--------+-------+-----------+---------------------
            ann     | 0   | pre       | 1      | 20    |           | two_weeks
            ann     | 42  | fu        |        | 9     |           | two_weeks
            bob     | 0   | pre       | 1      | 20    |           | two_weeks
            bob     | 42  | fu        |        | 9     |           | since_last_treatment
            cat     | 0   | pre       | 1      | 20    |           | two_weeks
            cat     | 42  | fu        |        |       | 1........ | two_weeks
            dan     | 0   | pre       | 1      | 20    |           | two_weeks
        """,
        rates="""
            met | observed | missing | due | observed_rate | everyone_rate | coverage
            ----+----------+---------+-----+---------------+---------------+---------
            1   | 1        | 3       | 4   | 1.0           | 0.25          | 0.25
        """,
    )


def test_where_nobody_is_due_there_is_no_rate(spec):
    spec(
        measure="response_week_6",
        as_of=0,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
        """,
        rates="""
            due | waiting | observed_rate | everyone_rate | coverage
            ----+---------+---------------+---------------+---------
            0   | 1       |               |               |
        """,
    )


def test_where_none_is_observed_everyones_rate_is_zero(spec):
    spec(
        measure="response_week_6",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
        """,
        rates="""
            due | observed | observed_rate | everyone_rate | coverage
            ----+----------+---------------+---------------+---------
            1   | 0        |               | 0.0           | 0.0
        """,
    )


def test_each_clinic_has_its_rate_and_all_together(spec):
    spec(
        measure="response_week_6",
        scores="""
            clinic | patient | day | timepoint | number | total
            -------+---------+-----+-----------+--------+------
            c1     | ann     | 0   | pre       | 1      | 20
            c1     | ann     | 42  | fu        |        | 9
            c2     | ann     | 0   | pre       | 1      | 20
            c2     | ann     | 42  | fu        |        | 19
        """,
        rates="""
            clinic | met | observed | courses | observed_rate
            -------+-----+----------+---------+--------------
            c1     | 1   | 1        | 1       | 1.0
            c2     | 0   | 1        | 1       | 0.0
            *      | 1   | 2        | 2       | 0.5
        """,
    )


def test_the_drug_of_the_clinic_decides_where_rows_name_none(spec):
    spec(
        measure="response_week_6",
        clinics="""
            clinic | drug
            -------+-----------------
            c1     | ketamine_iv
            c2     | esketamine_nasal
        """,
        scores="""
            clinic | patient | day | timepoint | number | total
            -------+---------+-----+-----------+--------+------
            c1     | ann     | 0   | pre       | 1      | 20
            c2     | bob     | 0   | pre       | 1      | 20
        """,
        rates="""
            clinic | due | not_eligible | first_courses_of_drug
            -------+-----+--------------+----------------------
            c1     | 1   | 0            | 1
            c2     | 0   | 1            | 0
            *      | 1   | 1            | 1
        """,
    )


def test_the_share_with_a_baseline_is_of_first_courses_of_the_drug(spec):
    """ann's is good, bob's below the minimum, cat's too old, dan has none; eve had another drug."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total | drug
            --------+-----+-----------+--------+-------+-----------------
            ann     | 0   | pre       | 1      | 20    |
            ann     | 91  | pre       | 2      | 20    |
            bob     | 0   | pre       | 1      | 9     |
            cat     | -31 | base      |        | 20    |
            cat     | 0   | pre       | 1      |       |
            dan     | 0   | pre       | 1      |       |
            eve     | 0   | pre       | 1      | 20    | esketamine_nasal
        """,
        rates="""
            courses | first_courses_of_drug | with_baseline
            --------+-----------------------+--------------
            6       | 4                     | 2
        """,
    )


def test_a_window_closes_7_days_after_its_end_with_or_without_a_baseline(spec):
    """Week 6 closes on day 56: ann was followed to day 55, bob to 56, cat without a baseline to 56."""
    spec(
        measure="response_week_6",
        as_of=56,
        scores="""
            patient | day | timepoint | number | total | received
            --------+-----+-----------+--------+-------+---------
            ann     | 0   | pre       | 1      | 20    | 1
            bob     | 0   | pre       | 1      | 20    | 0
            cat     | 0   | pre       | 1      |       | 0
        """,
        rates="""
            first_courses_of_drug | window_closed
            ----------------------+--------------
            3                     | 2
        """,
    )


def test_without_a_baseline_score_to_count_from_a_window_closes_as_if_it_were_of_the_first_day(spec):
    """243 + 7 days after day 0: ann was followed to day 249, bob to day 250. cat's baseline is of day -10."""
    spec(
        measure="remission_6_months",
        as_of=250,
        scores="""
            patient | day | timepoint | number | total | received
            --------+-----+-----------+--------+-------+---------
            ann     | 0   | pre       | 1      |       | 1
            bob     | 0   | pre       | 1      |       | 0
            cat     | -10 | base      |        | 20    | 10
            cat     | 0   | pre       | 1      |       | 10
        """,
        rates="""
            first_courses_of_drug | window_closed
            ----------------------+--------------
            3                     | 2
        """,
    )


def test_after_infusion_k_a_window_is_closed_when_decided_or_never_reached(spec):
    """ann had 2 and will have no third. bob may have a third. cat's 14 days after infusion 3 are over, dan's not."""
    spec(
        measure="response_after_infusion_3",
        as_of=29,
        scores="""
            patient | day | timepoint | number | total | received
            --------+-----+-----------+--------+-------+---------
            ann     | 0   | pre       | 1      | 20    | 0
            ann     | 0   | post      | 2      |       | 0
            bob     | 0   | pre       | 1      | 20    | 1
            bob     | 0   | post      | 2      |       | 1
            cat     | 0   | pre       | 1      | 20    | 8
            cat     | 7   | pre       | 3      |       | 15
            dan     | 0   | pre       | 1      | 20    | 9
            dan     | 7   | pre       | 3      |       | 16
        """,
        rates="""
            first_courses_of_drug | window_closed
            ----------------------+--------------
            4                     | 2
        """,
    )


def test_only_eligible_courses_are_counted_as_of_unknown_follow_up(spec):
    """Both first arrivals reach past day 49; bob has no baseline."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 60  | fu        |        | 9
            bob     | 0   | pre       | 1      |
            bob     | 60  | fu        |        | 9
        """,
        rates="""
            eligible | follow_up_unknown
            ---------+------------------
            1        | 1
        """,
    )
