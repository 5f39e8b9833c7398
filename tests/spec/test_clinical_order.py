"""R14: rows that count, but whose order beside the patient's other rows looks wrong. Nothing else changes by it."""


def test_an_orderly_course_has_no_warning(spec):
    """A pre_ and a post_infusion form of one day differ as they should; a late post_infusion row is its infusion's."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            -3  | base      |        | 20
            0   | pre       | 1      | 20
            0   | post      | 1      | 9
            3   | pre       | 2      | 18
            3   | post      | 2      | 8
            7   | pre       | 3      |
            30  | fu        |        | 7
            60  | fu        | 3      | 6
        """,
        order_warning="""
            day | timepoint | number | reason
            ----+-----------+--------+-------
        """,
    )


def test_two_infusions_on_a_day(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            4   | pre       | 2
            4   | post      | 2
            4   | pre       | 3
            4   | post      | 3
        """,
        order_warning="""
            day | timepoint | number | reason
            ----+-----------+--------+------------------------
            4   | pre       | 3      | two_infusions_on_a_day
        """,
    )


def test_a_number_below_that_of_the_latest_earlier_infusion_goes_back(spec):
    """ann: a follow_up row. bob: a post_infusion row of its infusion, dated after the next one. cat: numbers that start
    again at once; one start is told, not every row behind it. dan: they start again after a long gap, as they may."""
    spec(
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 3   | pre       | 2      |
            ann     | 3   | fu        | 1      | 15
            ann     | 9   | fu        | 1      | 15
            ann     | 9   | fu        | 2      | 15
            bob     | 0   | pre       | 1      | 20
            bob     | 3   | pre       | 2      |
            bob     | 5   | post      | 1      | 11
            cat     | 0   | pre       | 1      | 20
            cat     | 3   | pre       | 2      |
            cat     | 7   | pre       | 1      |
            cat     | 10  | pre       | 2      |
            dan     | 0   | pre       | 1      | 20
            dan     | 3   | pre       | 2      |
            dan     | 32  | pre       | 1      |
            dan     | 32  | post      | 1      |
            dan     | 40  | fu        | 1      | 9
        """,
        order_warning="""
            patient | day | timepoint | number | reason
            --------+-----+-----------+--------+--------------------------
            ann     | 9   | fu        | 1      | infusion_number_goes_back
            bob     | 5   | post      | 1      | infusion_number_goes_back
            cat     | 7   | pre       | 1      | infusion_number_goes_back
        """,
    )


def test_what_is_set_aside_is_not_said_again(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 3
            7   | pre       | 2
        """,
        set_aside="""
            day | number | reason
            ----+--------+-----------------------------
            7   | 2      | infusion_number_out_of_order
        """,
        order_warning="""
            day | timepoint | number | reason
            ----+-----------+--------+------------------------
            3   | pre       | 3      | infusion_number_skipped
        """,
    )


def test_numbers_that_are_skipped_are_told_once(spec):
    """ann: 3 then 5, on the first row of 5. bob has no row of infusion 1, so that 2 is not skipped as well. cat's second
    run begins with 2."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 3   | pre       | 2
            ann     | 7   | pre       | 3
            ann     | 14  | pre       | 5
            ann     | 14  | post      | 5
            bob     | 0   | post      | 3
            cat     | 0   | pre       | 1
            cat     | 3   | pre       | 2
            cat     | 7   | pre       | 3
            cat     | 60  | pre       | 2
        """,
        order_warning="""
            patient | day | timepoint | number | reason
            --------+-----+-----------+--------+--------------------------
            ann     | 14  | pre       | 5      | infusion_number_skipped
            bob     | 0   | post      | 3      | infusion_1_not_on_record
            cat     | 60  | pre       | 2      | infusion_number_skipped
        """,
    )


def test_rows_at_the_wrong_side_of_the_first_infusion(spec):
    """A pre_infusion row of infusion 1 may be of the day before. A baseline row of day 0 is one."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            -40 | fu        |        | 15
            -9  | fu        | 1      | 15
            -1  | pre       | 1      | 20
            -1  | post      | 1      | 12
            -1  | pre       | 2      | 18
            0   | fu        |        | 18
            0   | base      |        | 18
            5   | base      |        | 14
        """,
        order_warning="""
            day | timepoint | number | reason
            ----+-----------+--------+--------------------------------
            -40 | fu        |        | follow_up_before_first_infusion
            -9  | fu        | 1      | follow_up_before_first_infusion
            -1  | post      | 1      | infusion_before_day_0
            -1  | pre       | 2      | infusion_before_day_0
            5   | base      |        | baseline_after_first_infusion
        """,
    )


def test_a_baseline_row_may_be_that_of_a_later_course(spec):
    """Up to the longest look-back of a measure, 30 days, before a course; on its first day too."""
    spec(
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 169 | base      |        | 19
            ann     | 170 | base      |        | 19
            ann     | 200 | base      |        | 19
            ann     | 200 | pre       | 2      | 19
            bob     | 5   | base      |        | 19
        """,
        order_warning="""
            patient | day | timepoint | number | reason
            --------+-----+-----------+--------+------------------------------
            ann     | 169 | base      |        | baseline_after_first_infusion
            bob     | 5   | base      |        | baseline_after_first_infusion
        """,
    )


def test_forms_of_one_day_that_differ(spec):
    """Both are told. Equal totals, another recall period, an incomplete form and a post_infusion form do not count; nor do
    two pre_infusion forms, which are told as two infusions."""
    spec(
        scores="""
            patient | day | timepoint | number | total | recall
            --------+-----+-----------+--------+-------+---------------------
            ann     | 0   | base      |        | 20    |
            ann     | 0   | pre       | 1      | 19    |
            ann     | 20  | fu        |        | 9     |
            ann     | 20  | fu        | 1      | 10    |
            ann     | 30  | fu        |        | 9     |
            ann     | 30  | fu        | 1      | 9     |
            ann     | 40  | fu        |        | 9     |
            ann     | 40  | fu        | 1      | 4     | since_last_treatment
            bob     | 0   | pre       | 1      | 20    |
            bob     | 3   | fu        |        | 20    |
            bob     | 3   | post      | 2      | 9     |
            bob     | 7   | pre       | 3      | 14    |
            bob     | 7   | pre       | 4      | 15    |
        """,
        only={"reason": ("same_day_scores_differ", "two_infusions_on_a_day")},
        order_warning="""
            patient | day | timepoint | number | reason
            --------+-----+-----------+--------+-----------------------
            ann     | 0   | base      |        | same_day_scores_differ
            ann     | 0   | pre       | 1      | same_day_scores_differ
            ann     | 20  | fu        |        | same_day_scores_differ
            ann     | 20  | fu        | 1      | same_day_scores_differ
            bob     | 7   | pre       | 4      | two_infusions_on_a_day
        """,
    )


def test_the_same_pseudonym_at_two_clinics_is_told_to_each_by_one_row(spec):
    spec(
        scores="""
            clinic | patient | day | timepoint | number
            -------+---------+-----+-----------+-------
            c1     | ann     | 0   | pre       | 1
            c1     | ann     | 3   | pre       | 2
            c2     | ann     | 0   | pre       | 1
            c2     | bob     | 0   | pre       | 1
        """,
        order_warning="""
            clinic | patient | day | reason
            -------+---------+-----+----------------------------
            c1     | ann     | 0   | pseudonym_at_another_clinic
            c2     | ann     | 0   | pseudonym_at_another_clinic
        """,
    )
