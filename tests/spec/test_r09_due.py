"""R9: how far a patient was followed, when a window is due, and where that cannot be known."""


def test_followed_until_grows_with_the_time_since_a_row_arrived(spec):
    """ann's row of day 0 arrived 25 days ago. bob's of day 10 arrived 20 days ago, which is further than 0 + 25."""
    spec(
        as_of=25,
        scores="""
            patient | day | timepoint | number | received
            --------+-----+-----------+--------+---------
            ann     | 0   | pre       | 1      | 0
            ann     | 3   | pre       | 2      | 23
            bob     | 0   | pre       | 1      | 0
            bob     | 10  | pre       | 2      | 5
        """,
        courses="""
            patient | followed_until
            --------+---------------
            ann     | 25
            bob     | 30
        """,
    )


def test_an_extract_day_says_how_far_a_patient_was_followed(spec):
    """Where it is further than the rows tell."""
    spec(
        as_of=25,
        scores="""
            patient | day | timepoint | number | received | extract
            --------+-----+-----------+--------+----------+--------
            ann     | 0   | pre       | 1      | 0        | 90
            bob     | 0   | pre       | 1      | 0        | 9
        """,
        courses="""
            patient | followed_until
            --------+---------------
            ann     | 90
            bob     | 25
        """,
    )


def test_a_window_is_due_7_days_after_its_end(spec):
    """It ends on day 49: ann was followed to day 55, bob to day 56."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total | received | extract
            --------+-----+-----------+--------+-------+----------+--------
            ann     | 0   | pre       | 1      | 20    | 1000     | 55
            ann     | 42  | fu        |        | 9     | 1000     |
            bob     | 0   | pre       | 1      | 20    | 1000     | 56
            bob     | 42  | fu        |        | 9     | 1000     |
        """,
        endpoints="""
            patient | status      | endpoint_day
            --------+-------------+-------------
            ann     | not_yet_due |
            bob     | met         | 42
        """,
    )


def test_a_first_arrival_that_reaches_past_the_window_leaves_follow_up_unknown(spec):
    """Week 6 ends on day 49: ann's first arrival reaches to that day, bob's to day 50."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 49  | fu        |        | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 50  | fu        |        | 9
        """,
        endpoints="""
            patient | status             | follow_up_unknown
            --------+--------------------+------------------
            ann     | met                | F
            bob     | no_score_in_window | T
        """,
    )


def test_what_arrives_later_does_not_make_follow_up_unknown(spec):
    """The row of day 50 came on another night than the first one."""
    spec(
        measure="response_week_6",
        scores="""
            day | timepoint | number | total | received
            ----+-----------+--------+-------+---------
            0   | pre       | 1      | 20    | 0
            50  | fu        |        | 9     | 50
        """,
        endpoints="""
            status             | follow_up_unknown
            -------------------+------------------
            no_score_in_window | F
        """,
    )


def test_an_extract_day_makes_follow_up_known(spec):
    """Even one that arrived later."""
    spec(
        measure="response_week_6",
        scores="""
            day | timepoint | number | total | received | extract
            ----+-----------+--------+-------+----------+--------
            0   | pre       | 1      | 20    | 0        |
            50  | fu        |        | 9     | 0        |
            60  | fu        |        | 9     | 10       | 60
        """,
        endpoints="""
            status             | follow_up_unknown
            -------------------+------------------
            no_score_in_window | F
        """,
    )


def test_without_an_anchor_follow_up_is_not_unknown(spec):
    """There is no baseline score to count six months from."""
    spec(
        measure="remission_6_months",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            400 | fu        |        | 9
        """,
        endpoints="""
            status      | follow_up_unknown
            ------------+------------------
            no_baseline | F
        """,
    )
