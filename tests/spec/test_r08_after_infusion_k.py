"""R8: the measures after infusion k, most of them seen from infusion 2."""


def test_the_window_is_1_to_14_days_after_infusion_k(spec):
    """Infusion 2 is on day 3: the same day, the day after, 14 days after, 15 days after."""
    spec(
        measure="response_after_infusion_2",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 3   | pre       | 2      |
            ann     | 3   | fu        | 2      | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 3   | pre       | 2      |
            bob     | 4   | post      | 2      | 9
            cat     | 0   | pre       | 1      | 20
            cat     | 3   | pre       | 2      |
            cat     | 17  | fu        |        | 9
            dan     | 0   | pre       | 1      | 20
            dan     | 3   | pre       | 2      |
            dan     | 18  | fu        |        | 9
        """,
        endpoints="""
            patient | status             | endpoint_day
            --------+--------------------+-------------
            ann     | no_score_in_window |
            bob     | met                | 4
            cat     | met                | 17
            dan     | no_score_in_window |
        """,
    )


def test_only_scores_that_received_k_count(spec):
    """The follow-up of day 5 says that one infusion was received, not two."""
    spec(
        measure="response_after_infusion_2",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            3   | pre       | 2      |
            5   | fu        | 1      | 9
        """,
        endpoints="""
            status
            ------------------
            no_score_in_window
        """,
    )


def test_on_the_day_of_the_next_infusion_only_its_pre_infusion_row_counts(spec):
    """Infusion 3 is on day 7. cat's follow-up of the day after still says two, but comes too late."""
    spec(
        measure="response_after_infusion_2",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 3   | pre       | 2      |
            ann     | 7   | pre       | 3      | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 3   | pre       | 2      |
            bob     | 7   | pre       | 3      |
            bob     | 7   | fu        | 2      | 9
            cat     | 0   | pre       | 1      | 20
            cat     | 3   | pre       | 2      |
            cat     | 7   | pre       | 3      |
            cat     | 8   | fu        | 2      | 9
        """,
        endpoints="""
            patient | status             | endpoint_day
            --------+--------------------+-------------
            ann     | met                | 7
            bob     | no_score_in_window |
            cat     | no_score_in_window |
        """,
    )


def test_a_skipped_infusion_k_is_on_the_day_of_the_known_one_before(spec):
    """Infusion 2 counts as on day 0, so its 14 days end on day 14: ann's infusion 3 is then, bob's a day later."""
    spec(
        measure="response_after_infusion_2",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 14  | pre       | 3      | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 15  | pre       | 3      | 9
        """,
        endpoints="""
            patient | status             | endpoint_day
            --------+--------------------+-------------
            ann     | met                | 14
            bob     | no_score_in_window |
        """,
    )


def test_before_a_skipped_infusion_no_score_counts(spec):
    """Infusion 3 may have been on any day after infusion 2, so it counts as on the same day."""
    spec(
        measure="response_after_infusion_2",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            3   | pre       | 2      |
            4   | post      | 2      | 9
            10  | pre       | 4      |
        """,
        endpoints="""
            status
            ------------------
            no_score_in_window
        """,
    )


def test_infusions_of_another_drug_are_not_counted_towards_k(spec):
    """Only two infusions were of ketamine, and there will be no third one."""
    scores = """
        day | timepoint | number | total | drug
        ----+-----------+--------+-------+-----------------
        0   | pre       | 1      | 20    | ketamine_iv
        3   | pre       | 2      |       | ketamine_iv
        7   | pre       | 3      | 9     | esketamine_nasal
        10  | pre       | 4      | 9     | ketamine_iv
    """
    reached = """
        status | endpoint_day
        -------+-------------
        met    | 7
    """
    not_reached = """
        status               | endpoint_day
        ---------------------+-------------
        infusion_not_reached |
    """
    spec(measure="response_after_infusion_2", as_of=0, scores=scores, endpoints=reached)
    spec(measure="response_after_infusion_3", as_of=0, scores=scores, endpoints=not_reached)


def test_the_next_infusion_decides_at_once(spec):
    """Seen on day 7. ann has infusion 3, bob not."""
    spec(
        measure="response_after_infusion_2",
        as_of=7,
        scores="""
            patient | day | timepoint | number | total | received
            --------+-----+-----------+--------+-------+---------
            ann     | 0   | pre       | 1      | 20    | 7
            ann     | 3   | pre       | 2      |       | 7
            ann     | 7   | pre       | 3      | 9     | 7
            bob     | 0   | pre       | 1      | 20    | 7
            bob     | 3   | pre       | 2      |       | 7
            bob     | 7   | fu        |        | 9     | 7
        """,
        endpoints="""
            patient | status
            --------+------------
            ann     | met
            bob     | not_yet_due
        """,
    )


def test_without_a_next_infusion_14_days_decide_with_no_lag(spec):
    """14 days after day 3 is day 17: ann was followed to day 16, bob to day 17."""
    spec(
        measure="response_after_infusion_2",
        as_of=17,
        scores="""
            patient | day | timepoint | number | total | received
            --------+-----+-----------+--------+-------+---------
            ann     | 0   | pre       | 1      | 20    | 4
            ann     | 3   | pre       | 2      |       | 4
            bob     | 0   | pre       | 1      | 20    | 3
            bob     | 3   | pre       | 2      |       | 3
        """,
        endpoints="""
            patient | status
            --------+-------------------
            ann     | not_yet_due
            bob     | no_score_in_window
        """,
    )


def test_infusion_k_is_not_reached_when_none_came_for_over_28_days(spec):
    """The last was on day 3: ann was followed 28 days from there, bob 29."""
    spec(
        measure="response_after_infusion_3",
        as_of=29,
        scores="""
            patient | day | timepoint | number | total | received
            --------+-----+-----------+--------+-------+---------
            ann     | 0   | pre       | 1      | 20    | 1
            ann     | 3   | pre       | 2      |       | 1
            bob     | 0   | pre       | 1      | 20    | 0
            bob     | 3   | pre       | 2      |       | 0
        """,
        endpoints="""
            patient | status
            --------+---------------------
            ann     | not_yet_due
            bob     | infusion_not_reached
        """,
    )


def test_infusion_k_is_not_reached_when_a_later_course_came(spec):
    spec(
        measure="response_after_infusion_3",
        as_of=0,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            3   | pre       | 2      |
            94  | pre       | 3      | 9
        """,
        endpoints="""
            course | status
            -------+---------------------
            1      | infusion_not_reached
            2      | repeat_course
        """,
    )


def test_a_run_that_starts_again_inside_the_course_counts_on(spec):
    """Number 1 of the second run is the third infusion."""
    spec(
        measure="response_after_infusion_3",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            3   | pre       | 2      |
            7   | pre       | 1      |
            8   | post      | 1      | 9
        """,
        endpoints="""
            status | endpoint_day
            -------+-------------
            met    | 8
        """,
    )


def test_a_measure_may_have_a_narrower_window_after_infusion_k(spec):
    """1 or 2 days after infusion 6 on day 18: ann's score is of day 20, bob's of day 21."""
    spec(
        measure="response_after_six_strict",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 18  | pre       | 6      |
            ann     | 20  | post      | 6      | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 18  | pre       | 6      |
            bob     | 21  | post      | 6      | 9
        """,
        endpoints="""
            patient | status             | endpoint_day
            --------+--------------------+-------------
            ann     | met                | 20
            bob     | no_score_in_window |
        """,
    )
