"""R3: where a course starts, how its infusions count, and which scores are its own."""


def test_a_gap_over_90_days_starts_a_course(spec):
    """ann after 90 days, bob after 91."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 90  | pre       | 2
            bob     | 0   | pre       | 1
            bob     | 91  | pre       | 2
        """,
        courses="""
            patient | course | first_day
            --------+--------+----------
            ann     | 1      | 0
            bob     | 1      | 0
            bob     | 2      | 91
        """,
    )


def test_four_infusions_after_a_gap_over_28_days_start_a_course(spec):
    """ann after 28 days, bob after 29."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 28  | pre       | 2
            ann     | 31  | pre       | 3
            ann     | 35  | pre       | 4
            ann     | 38  | pre       | 5
            bob     | 0   | pre       | 1
            bob     | 29  | pre       | 2
            bob     | 32  | pre       | 3
            bob     | 36  | pre       | 4
            bob     | 39  | pre       | 5
        """,
        courses="""
            patient | course | first_day
            --------+--------+----------
            ann     | 1      | 0
            bob     | 1      | 0
            bob     | 2      | 29
        """,
    )


def test_the_four_infusions_lie_within_28_days(spec):
    """The fourth, counted from day 40: ann's 27 days later, bob's 28."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 40  | pre       | 2
            ann     | 50  | pre       | 3
            ann     | 60  | pre       | 4
            ann     | 67  | pre       | 5
            bob     | 0   | pre       | 1
            bob     | 40  | pre       | 2
            bob     | 50  | pre       | 3
            bob     | 60  | pre       | 4
            bob     | 68  | pre       | 5
        """,
        courses="""
            patient | course | first_day
            --------+--------+----------
            ann     | 1      | 0
            ann     | 2      | 40
            bob     | 1      | 0
        """,
    )


def test_three_infusions_after_a_gap_over_28_days_are_not_a_course(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            40  | pre       | 2
            43  | pre       | 3
            46  | pre       | 4
        """,
        courses="""
            course | first_day | infusions
            -------+-----------+----------
            1      | 0         | 4
        """,
    )


def test_skipped_numbers_do_not_count_among_the_four(spec):
    """Only known infusions do: 40, 43 and 50, whatever the numbers."""
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            40  | pre       | 2
            43  | pre       | 3
            50  | pre       | 5
        """,
        courses="""
            course | first_day
            -------+----------
            1      | 0
        """,
    )


def test_a_gap_within_a_run_is_divided_by_the_difference_in_numbers(spec):
    """From infusion 1 to 3: ann's 180 days are two gaps of 90, bob's 181 are two of 90.5."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 180 | pre       | 3
            bob     | 0   | pre       | 1
            bob     | 181 | pre       | 3
        """,
        courses="""
            patient | course | first_day
            --------+--------+----------
            ann     | 1      | 0
            bob     | 1      | 0
            bob     | 2      | 181
        """,
    )


def test_a_gap_across_the_start_of_a_run_is_plain_days(spec):
    """Infusion 2 of the second run comes, for ann, 90 days after infusion 3 of the first; for bob, 91."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 6   | pre       | 3
            ann     | 96  | pre       | 2
            bob     | 6   | pre       | 3
            bob     | 97  | pre       | 2
        """,
        courses="""
            patient | course | first_day
            --------+--------+----------
            ann     | 1      | 0
            bob     | 1      | 0
            bob     | 2      | 97
        """,
    )


def test_a_change_of_drug_never_starts_a_course(spec):
    spec(
        scores="""
            day | timepoint | number | drug
            ----+-----------+--------+-----------------
            0   | pre       | 1      | ketamine_iv
            90  | pre       | 2      | esketamine_nasal
        """,
        courses="""
            course | first_day | drug
            -------+-----------+------------
            1      | 0         | ketamine_iv
        """,
    )


def test_the_drug_of_a_course_is_that_of_its_first_infusion(spec):
    spec(
        scores="""
            day | timepoint | number | drug
            ----+-----------+--------+-----------------
            0   | pre       | 1      | ketamine_iv
            91  | pre       | 2      | esketamine_nasal
        """,
        courses="""
            course | first_day | drug
            -------+-----------+-----------------
            1      | 0         | ketamine_iv
            2      | 91        | esketamine_nasal
        """,
    )


def test_where_the_numbering_goes_on_the_ordinals_of_the_next_course_start_again(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 2
            100 | pre       | 3
            103 | pre       | 4
        """,
        infusions="""
            number | course | ordinal
            -------+--------+--------
            1      | 1      | 1
            2      | 1      | 2
            3      | 2      | 1
            4      | 2      | 2
        """,
    )


def test_a_number_skipped_at_the_start_of_a_course_counts_as_given_in_it(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 2
            200 | pre       | 4
        """,
        infusions="""
            number | course | ordinal
            -------+--------+--------
            1      | 1      | 1
            2      | 1      | 2
            4      | 2      | 2
        """,
    )


def test_where_the_numbering_starts_again_the_number_is_the_ordinal(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 2
            100 | pre       | 1
            103 | pre       | 2
        """,
        infusions="""
            run | number | course | ordinal
            ----+--------+--------+--------
            1   | 1      | 1      | 1
            1   | 2      | 1      | 2
            2   | 1      | 2      | 1
            2   | 2      | 2      | 2
        """,
    )


def test_a_run_that_starts_inside_a_course_carries_its_ordinals_on(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 2
            7   | pre       | 1
            10  | pre       | 2
        """,
        infusions="""
            run | number | course | ordinal
            ----+--------+--------+--------
            1   | 1      | 1      | 1
            1   | 2      | 1      | 2
            2   | 1      | 1      | 3
            2   | 2      | 1      | 4
        """,
        courses="""
            course | infusions
            -------+----------
            1      | 4
        """,
    )


def test_a_pre_infusion_score_on_the_next_courses_first_day_is_the_last_possible_endpoint(spec):
    """ann's is of infusion 2 itself; bob's is a late post_infusion form dated on that day; cat's comes a day later."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 40  | pre       | 2      | 9
            ann     | 41  | pre       | 3      |
            ann     | 42  | pre       | 4      |
            ann     | 43  | pre       | 5      |
            bob     | 0   | pre       | 1      | 20
            bob     | 40  | pre       | 2      |
            bob     | 40  | post      | 1      | 9
            bob     | 41  | pre       | 3      |
            bob     | 42  | pre       | 4      |
            bob     | 43  | pre       | 5      |
            cat     | 0   | pre       | 1      | 20
            cat     | 40  | pre       | 2      |
            cat     | 41  | pre       | 3      | 9
            cat     | 42  | pre       | 4      |
            cat     | 43  | pre       | 5      |
        """,
        endpoints="""
            patient | course | status             | endpoint_day
            --------+--------+--------------------+-------------
            ann     | 1      | met                | 40
            ann     | 2      | repeat_course      |
            bob     | 1      | no_score_in_window |
            bob     | 2      | repeat_course      |
            cat     | 1      | no_score_in_window |
            cat     | 2      | repeat_course      |
        """,
    )


def test_a_baseline_lies_after_the_last_infusion_of_the_course_before(spec):
    """Course 2 starts on day 50. ann's only score is of day 20, that infusion's own day; bob's of day 21."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      |
            ann     | 20  | pre       | 2      | 20
            ann     | 50  | pre       | 3      |
            ann     | 53  | pre       | 4      |
            ann     | 57  | pre       | 5      |
            ann     | 60  | pre       | 6      |
            bob     | 0   | pre       | 1      |
            bob     | 20  | pre       | 2      |
            bob     | 21  | post      | 2      | 20
            bob     | 50  | pre       | 3      |
            bob     | 53  | pre       | 4      |
            bob     | 57  | pre       | 5      |
            bob     | 60  | pre       | 6      |
        """,
        endpoints="""
            patient | course | status        | baseline_day
            --------+--------+---------------+-------------
            ann     | 1      | no_baseline   |
            ann     | 2      | repeat_course |
            bob     | 1      | no_baseline   |
            bob     | 2      | repeat_course | 21
        """,
    )


def test_a_measure_anchored_at_a_baseline_score_uses_scores_of_later_courses(spec):
    spec(
        measure="remission_6_months",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            100 | pre       | 2      |
            150 | fu        |        | 4
        """,
        endpoints="""
            course | status        | endpoint_day
            -------+---------------+-------------
            1      | met           | 150
            2      | repeat_course |
        """,
    )
