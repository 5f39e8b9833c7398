"""R2: how many infusions a patient had received when a score was taken."""


def test_before_the_first_infusion_none_was_received(spec):
    """Whatever number the row carries."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            -9  | base      |        | 20
            -3  | fu        | 4      | 20
            0   | pre       | 1      | 20
        """,
        received="""
            day | timepoint | received
            ----+-----------+---------
            -9  | base      | 0
            -3  | fu        | 0
            0   | pre       | 0
        """,
    )


def test_a_baseline_row_counts_as_before_up_to_the_first_day_and_not_after_it(spec):
    spec(
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | base      |        | 20
            ann     | 0   | pre       | 1      |
            bob     | 0   | pre       | 1      |
            bob     | 1   | base      |        | 20
        """,
        received="""
            patient | day | timepoint | received
            --------+-----+-----------+---------
            ann     | 0   | base      | 0
            ann     | 0   | pre       | 0
            bob     | 0   | pre       | 0
            bob     | 1   | base      | 1
        """,
    )


def test_a_pre_infusion_score_has_one_less_and_a_post_infusion_score_its_own(spec):
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            0   | post      | 1      | 9
            3   | pre       | 2      | 18
            3   | post      | 2      | 9
        """,
        received="""
            day | timepoint | number | received
            ----+-----------+--------+---------
            0   | pre       | 1      | 0
            0   | post      | 1      | 1
            3   | pre       | 2      | 1
            3   | post      | 2      | 2
        """,
    )


def test_a_late_post_infusion_score_counts_its_own_infusion_only(spec):
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            3   | pre       | 2      |
            7   | pre       | 3      |
            9   | post      | 2      | 9
        """,
        received="""
            day | timepoint | number | received
            ----+-----------+--------+---------
            0   | pre       | 1      | 0
            3   | pre       | 2      | 1
            7   | pre       | 3      | 2
            9   | post      | 2      | 2
        """,
    )


def test_a_follow_up_with_a_number_says_it_itself(spec):
    """Infusion 3 was never reported, but the follow-up knows of it."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            3   | pre       | 2      |
            20  | fu        | 3      | 9
        """,
        received="""
            day | timepoint | number | received
            ----+-----------+--------+---------
            0   | pre       | 1      | 0
            3   | pre       | 2      | 1
            20  | fu        | 3      | 3
        """,
    )


def test_the_number_of_a_follow_up_is_shifted_like_the_infusions_of_its_course(spec):
    """Infusion 3 is the first of course 2, so number 4 is its second."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            3   | pre       | 2      |
            100 | pre       | 3      |
            103 | pre       | 4      |
            120 | fu        | 4      | 9
        """,
        received="""
            day | timepoint | number | course | received
            ----+-----------+--------+--------+---------
            0   | pre       | 1      | 1      | 0
            3   | pre       | 2      | 1      | 1
            100 | pre       | 3      | 2      | 0
            103 | pre       | 4      | 2      | 1
            120 | fu        | 4      | 2      | 2
        """,
    )


def test_the_number_of_a_follow_up_is_shifted_by_the_run_of_its_day(spec):
    """The numbering starts again on day 7. Number 2 is the second infusion on day 5, and the fourth on day 20."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            3   | pre       | 2      |
            5   | fu        | 2      | 9
            7   | pre       | 1      |
            10  | pre       | 2      |
            20  | fu        | 2      | 9
        """,
        received="""
            day | timepoint | number | received
            ----+-----------+--------+---------
            0   | pre       | 1      | 0
            3   | pre       | 2      | 1
            5   | fu        | 2      | 2
            7   | pre       | 1      | 2
            10  | pre       | 2      | 3
            20  | fu        | 2      | 4
        """,
    )


def test_the_shift_of_a_follow_up_is_that_of_an_infusion_on_its_own_day_too(spec):
    """The new run starts on day 7, the follow-up's own day."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            3   | pre       | 2      |
            7   | pre       | 1      |
            7   | fu        | 1      | 9
        """,
        received="""
            day | timepoint | number | received
            ----+-----------+--------+---------
            0   | pre       | 1      | 0
            3   | pre       | 2      | 1
            7   | pre       | 1      | 2
            7   | fu        | 1      | 3
        """,
    )


def test_a_follow_up_without_a_number_has_the_infusions_of_earlier_days(spec):
    """Not that of its own day; the skipped infusion 2 counts."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            0   | fu        |        | 19
            7   | pre       | 3      |
            7   | fu        |        | 12
            8   | fu        |        | 9
        """,
        received="""
            day | timepoint | number | received
            ----+-----------+--------+---------
            0   | pre       | 1      | 0
            0   | fu        |        | 0
            7   | pre       | 3      | 2
            7   | fu        |        | 1
            8   | fu        |        | 3
        """,
    )


def test_a_score_has_the_latest_course_that_started_on_its_day_or_before(spec):
    """A day before the second course, on its first day, and a day after."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            3   | pre       | 2      |
            99  | fu        |        | 15
            100 | pre       | 3      | 16
            100 | base      |        | 16
            101 | fu        |        | 9
        """,
        received="""
            day | timepoint | course | received
            ----+-----------+--------+---------
            0   | pre       | 1      | 0
            3   | pre       | 1      | 1
            99  | fu        | 1      | 2
            100 | pre       | 2      | 0
            100 | base      | 2      | 0
            101 | fu        | 2      | 1
        """,
    )


def test_rows_set_aside_and_patients_without_a_course_are_not_listed(spec):
    spec(
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 4   | pre       | 1      | 18
            bob     | 0   | base      |        | 20
        """,
        received="""
            patient | day | timepoint | received
            --------+-----+-----------+---------
            ann     | 0   | pre       | 0
        """,
    )
