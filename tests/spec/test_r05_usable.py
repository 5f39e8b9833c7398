"""R5: which scores can be used at all. Seen from the endpoint 21 to 60 days after the first infusion."""


def test_only_a_recall_of_two_weeks_is_usable(spec):
    spec(
        measure="response_of_starters",
        scores="""
            day | timepoint | number | total | recall
            ----+-----------+--------+-------+---------------------
            0   | pre       | 1      | 20    | two_weeks
            30  | fu        |        | 10    | two_weeks
            40  | fu        |        | 4     | since_last_treatment
        """,
        endpoints="""
            status | endpoint_day
            -------+-------------
            met    | 30
        """,
    )


def test_a_post_infusion_score_on_the_day_of_its_infusion_is_not_usable(spec):
    """ann's is of the day itself, bob's of the day after."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 30  | pre       | 2      | 15
            ann     | 30  | post      | 2      | 4
            bob     | 0   | pre       | 1      | 20
            bob     | 30  | pre       | 2      | 15
            bob     | 31  | post      | 2      | 4
        """,
        endpoints="""
            patient | status  | endpoint_day | endpoint_total
            --------+---------+--------------+---------------
            ann     | not_met | 30           | 15
            bob     | met     | 31           | 4
        """,
    )


def test_a_post_infusion_score_on_the_day_of_another_infusion_is_usable(spec):
    """The form of infusion 2 was filled in when the patient came for infusion 3."""
    spec(
        measure="response_of_starters",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            25  | pre       | 2      |
            30  | post      | 2      | 9
            30  | pre       | 3      |
        """,
        endpoints="""
            status | endpoint_day
            -------+-------------
            met    | 30
        """,
    )


def test_where_an_infusion_was_put_off_its_day_is_the_latest(spec):
    """A form of the evening of day 30 is too early; the first date, day 24, counts for nothing."""
    spec(
        measure="response_of_starters",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            24  | pre       | 2      | 15
            30  | pre       | 2      |
            30  | post      | 2      | 4
        """,
        endpoints="""
            status  | endpoint_day
            --------+-------------
            not_met | 24
        """,
    )


def test_without_a_pre_infusion_row_the_earliest_post_infusion_day_is_the_infusions(spec):
    """ann's form of day 30 is too early, bob's second form is not."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 30  | post      | 2      | 4
            bob     | 0   | pre       | 1      | 20
            bob     | 30  | post      | 2      | 4
            bob     | 31  | post      | 2      | 5
        """,
        endpoints="""
            patient | status             | endpoint_day
            --------+--------------------+-------------
            ann     | no_score_in_window |
            bob     | met                | 31
        """,
    )


def test_infusion_1_with_only_a_post_infusion_row_is_judged_by_the_day_of_that_row(spec):
    """The infusion counts as on day 0, but its form is of day 1, perhaps the very day."""
    spec(
        measure="response_after_infusion_1",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | -1  | base      |        | 20
            ann     | 1   | post      | 1      | 9
            bob     | -1  | base      |        | 20
            bob     | 1   | post      | 1      | 9
            bob     | 2   | post      | 1      | 9
        """,
        endpoints="""
            patient | status             | endpoint_day
            --------+--------------------+-------------
            ann     | no_score_in_window |
            bob     | met                | 2
        """,
    )


def test_a_form_with_all_nine_items_is_totalled(spec):
    """ann answered nine, bob eight."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | items     | total
            --------+-----+-----------+--------+-----------+------
            ann     | 0   | pre       | 1      |           | 20
            ann     | 30  | fu        |        | 111111111 |
            bob     | 0   | pre       | 1      |           | 20
            bob     | 30  | fu        |        | 11111111. |
        """,
        endpoints="""
            patient | status          | endpoint_total
            --------+-----------------+---------------
            ann     | met             | 9
            bob     | incomplete_form |
        """,
    )


def test_a_total_counts_only_where_no_item_is_given(spec):
    """Beside eight items bob's total of 9 cannot be checked."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | items     | total
            --------+-----+-----------+--------+-----------+------
            ann     | 0   | pre       | 1      |           | 20
            ann     | 30  | fu        |        |           | 9
            bob     | 0   | pre       | 1      |           | 20
            bob     | 30  | fu        |        | 11111111. | 9
        """,
        endpoints="""
            patient | status          | endpoint_total
            --------+-----------------+---------------
            ann     | met             | 9
            bob     | incomplete_form |
        """,
    )


def test_a_row_that_is_set_aside_is_neither_baseline_nor_endpoint(spec):
    """bob's form is of infusion 2 after infusion 3."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 24  | pre       | 2      |
            ann     | 30  | pre       | 3      | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 24  | pre       | 3      |
            bob     | 30  | pre       | 2      | 9
        """,
        endpoints="""
            patient | status             | endpoint_day
            --------+--------------------+-------------
            ann     | met                | 30
            bob     | no_score_in_window |
        """,
    )
