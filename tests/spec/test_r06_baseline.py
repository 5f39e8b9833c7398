"""R6: the baseline, chosen against the clinic where there is a choice."""


def test_the_latest_score_up_to_the_first_infusion_whatever_its_label(spec):
    """A form of a follow-up before the first infusion is as good as another."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | -9  | base      |        | 20
            ann     | -3  | fu        |        | 18
            ann     | 3   | pre       | 2      | 12
            bob     | -3  | base      |        | 20
            bob     | 0   | pre       | 1      | 16
        """,
        endpoints="""
            patient | baseline_day | baseline_total | baseline_tie
            --------+--------------+----------------+-------------
            ann     | -3           | 18             | F
            bob     | 0            | 16             | F
        """,
    )


def test_on_the_first_day_only_baseline_and_pre_infusion_rows(spec):
    """ann and bob have such a row; cat has a follow_up, dan a late post_infusion form."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | -3  | base      |        | 20
            ann     | 0   | pre       | 1      | 16
            bob     | -3  | base      |        | 20
            bob     | 0   | base      |        | 16
            bob     | 0   | post      | 1      | 9
            cat     | -3  | base      |        | 20
            cat     | 0   | pre       | 1      |
            cat     | 0   | fu        |        | 16
            dan     | -3  | base      |        | 20
            dan     | 0   | pre       | 1      |
            dan     | 0   | post      | 1      | 16
        """,
        endpoints="""
            patient | baseline_day | baseline_total
            --------+--------------+---------------
            ann     | 0            | 16
            bob     | 0            | 16
            cat     | -3           | 20
            dan     | -3           | 20
        """,
    )


def test_a_score_of_the_first_day_that_has_received_an_infusion_is_never_a_baseline(spec):
    """ann's clinic counts from 2, so infusion 1 counts as given. bob's second course starts with number 4 of a new run."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 2      | 20
            bob     | 0   | pre       | 1      | 18
            bob     | 7   | pre       | 5      |
            bob     | 100 | pre       | 4      | 16
        """,
        endpoints="""
            patient | course | baseline_day | baseline_total
            --------+--------+--------------+---------------
            ann     | 1      |              |
            bob     | 1      | 0            | 18
            bob     | 2      |              |
        """,
    )


def test_a_score_that_cannot_be_used_gives_way_to_an_earlier_one(spec):
    spec(
        measure="response_of_starters",
        scores="""
            day | timepoint | number | total | recall
            ----+-----------+--------+-------+---------------------
            -3  | base      |        | 20    | two_weeks
            0   | pre       | 1      | 16    | since_last_treatment
        """,
        endpoints="""
            baseline_day | baseline_total
            -------------+---------------
            -3           | 20
        """,
    )


def test_of_two_on_one_day_the_lower_total_is_taken_and_counted(spec):
    """bob's are equal, but still two."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | base      |        | 16
            ann     | 0   | pre       | 1      | 20
            bob     | 0   | base      |        | 20
            bob     | 0   | pre       | 1      | 20
        """,
        endpoints="""
            patient | baseline_day | baseline_total | baseline_tie
            --------+--------------+----------------+-------------
            ann     | 0            | 16             | T
            bob     | 0            | 20             | T
        """,
    )


def test_two_on_one_day_are_no_tie_where_one_cannot_be_used(spec):
    spec(
        measure="response_of_starters",
        scores="""
            day | timepoint | number | total | recall
            ----+-----------+--------+-------+---------------------
            0   | base      |        | 16    | since_last_treatment
            0   | pre       | 1      | 20    | two_weeks
        """,
        endpoints="""
            baseline_total | baseline_tie
            ---------------+-------------
            20             | F
        """,
    )


def test_the_look_back_is_30_days(spec):
    """ann's is 30 days old, bob's 31; cat has none."""
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | -30 | base      |        | 20
            ann     | 0   | pre       | 1      |
            ann     | 30  | fu        |        | 9
            bob     | -31 | base      |        | 20
            bob     | 0   | pre       | 1      |
            bob     | 30  | fu        |        | 9
            cat     | 0   | pre       | 1      |
            cat     | 30  | fu        |        | 9
        """,
        endpoints="""
            patient | status           | baseline_day | baseline_total | baseline_tie
            --------+------------------+--------------+----------------+-------------
            ann     | met              | -30          | 20             | F
            bob     | baseline_too_old |              |                | F
            cat     | no_baseline      |              |                | F
        """,
    )


def test_a_score_after_the_first_day_is_never_a_baseline(spec):
    spec(
        measure="response_of_starters",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            1   | base      |        | 20
            3   | pre       | 2      | 20
        """,
        endpoints="""
            status      | baseline_day
            ------------+-------------
            no_baseline |
        """,
    )


def test_an_old_usable_score_is_too_old_even_beside_a_recent_one_that_cannot_be_used(spec):
    spec(
        measure="response_of_starters",
        scores="""
            day | timepoint | number | total | recall
            ----+-----------+--------+-------+---------------------
            -40 | base      |        | 20    | two_weeks
            0   | pre       | 1      | 20    | since_last_treatment
        """,
        endpoints="""
            status           | baseline_day
            -----------------+-------------
            baseline_too_old |
        """,
    )


def test_response_needs_a_baseline_of_1(spec):
    """Nobody can respond from 0."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 0
            ann     | 42  | fu        |        | 0
            bob     | 0   | pre       | 1      | 1
            bob     | 42  | fu        |        | 0
        """,
        endpoints="""
            patient | status                 | baseline_total
            --------+------------------------+---------------
            ann     | baseline_below_minimum | 0
            bob     | met                    | 1
        """,
    )


def test_remission_needs_a_baseline_of_5(spec):
    """Below 5 there is nothing to remit."""
    spec(
        measure="remission_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 4
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 4
            bob     | 0   | pre       | 1      | 5
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        |        | 4
        """,
        endpoints="""
            patient | status
            --------+-----------------------
            ann     | baseline_below_minimum
            bob     | met
        """,
    )


def test_remission_at_5_or_less_needs_a_baseline_of_6(spec):
    spec(
        measure="remission_week_6_at_most_5",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 5
            ann     | 42  | fu        |        | 5
            bob     | 0   | pre       | 1      | 6
            bob     | 42  | fu        |        | 5
        """,
        endpoints="""
            patient | status
            --------+-----------------------
            ann     | baseline_below_minimum
            bob     | met
        """,
    )


def test_a_drop_of_6_needs_a_baseline_of_6(spec):
    spec(
        measure="drop_of_6_by_day_28",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 5
            ann     | 28  | fu        |        | 0
            bob     | 0   | pre       | 1      | 6
            bob     | 28  | fu        |        | 0
        """,
        endpoints="""
            patient | status
            --------+-----------------------
            ann     | baseline_below_minimum
            bob     | met
        """,
    )


def test_a_measure_anchored_at_a_baseline_score_needs_10(spec):
    spec(
        measure="remission_6_months",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 9
            ann     | 180 | fu        |        | 4
            bob     | 0   | pre       | 1      | 10
            bob     | 180 | fu        |        | 4
        """,
        endpoints="""
            patient | status
            --------+-----------------------
            ann     | baseline_below_minimum
            bob     | met
        """,
    )


def test_worsening_has_no_minimum(spec):
    spec(
        measure="worsened_post_induction",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 0
            10  | pre       | 4      |
            30  | fu        |        | 1
        """,
        endpoints="""
            status | baseline_total
            -------+---------------
            met    | 0
        """,
    )


def test_an_item_9_measure_takes_the_latest_baseline_with_item_9(spec):
    """The form of day 0 has a total only."""
    spec(
        measure="suicidal_ideation_reduced_post_induction",
        scores="""
            day | timepoint | number | total | item_9
            ----+-----------+--------+-------+-------
            -5  | base      |        | 18    | 3
            -3  | fu        |        | 20    | 2
            0   | pre       | 1      | 16    |
            10  | pre       | 4      |       |
            30  | fu        |        | 12    | 1
        """,
        endpoints="""
            status | baseline_day | baseline_total | baseline_item_9 | baseline_tie
            -------+--------------+----------------+-----------------+-------------
            met    | -3           | 20             | 2               | F
        """,
    )


def test_other_measures_take_the_latest_baseline_with_or_without_item_9(spec):
    spec(
        measure="response_post_induction",
        scores="""
            day | timepoint | number | total | item_9
            ----+-----------+--------+-------+-------
            -3  | base      |        | 20    | 2
            0   | pre       | 1      | 16    |
            10  | pre       | 4      |       |
            30  | fu        |        | 8     | 1
        """,
        endpoints="""
            status | baseline_day | baseline_total | baseline_item_9
            -------+--------------+----------------+----------------
            met    | 0            | 16             |
        """,
    )


def test_item_9_is_looked_for_30_days_back(spec):
    """ann's is 30 days old, bob's 31."""
    spec(
        measure="suicidal_ideation_reduced_post_induction",
        scores="""
            patient | day | timepoint | number | total | item_9
            --------+-----+-----------+--------+-------+-------
            ann     | -30 | base      |        | 20    | 2
            ann     | 0   | pre       | 1      | 16    |
            ann     | 10  | pre       | 4      |       |
            ann     | 30  | fu        |        | 12    | 1
            bob     | -31 | base      |        | 20    | 2
            bob     | 0   | pre       | 1      | 16    |
            bob     | 10  | pre       | 4      |       |
            bob     | 30  | fu        |        | 12    | 1
        """,
        endpoints="""
            patient | status               | baseline_day | baseline_item_9
            --------+----------------------+--------------+----------------
            ann     | met                  | -30          | 2
            bob     | item_9_not_available | 0            |
        """,
    )


def test_of_two_item_9_baselines_on_one_day_the_lower_total_then_the_lower_item_9(spec):
    """ann's totals differ, bob's only in item 9."""
    spec(
        measure="suicidal_ideation_increased_post_induction",
        scores="""
            patient | day | timepoint | number | total | item_9
            --------+-----+-----------+--------+-------+-------
            ann     | 0   | base      |        | 18    | 3
            ann     | 0   | pre       | 1      | 20    | 1
            ann     | 10  | pre       | 4      |       |
            bob     | 0   | base      |        | 20    | 3
            bob     | 0   | pre       | 1      | 20    | 1
            bob     | 10  | pre       | 4      |       |
        """,
        endpoints="""
            patient | baseline_total | baseline_item_9 | baseline_tie
            --------+----------------+-----------------+-------------
            ann     | 18             | 3               | T
            bob     | 20             | 1               | T
        """,
    )


def test_a_window_anchored_at_a_baseline_score_counts_from_its_own_day(spec):
    """The window is 123 to 243 days after day -10: days 113 to 233. ann at its start, bob a day before."""
    spec(
        measure="remission_6_months",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | -10 | base      |        | 20
            ann     | 0   | pre       | 1      |
            ann     | 113 | fu        |        | 4
            bob     | -10 | base      |        | 20
            bob     | 0   | pre       | 1      |
            bob     | 112 | fu        |        | 4
        """,
        endpoints="""
            patient | status             | endpoint_day
            --------+--------------------+-------------
            ann     | met                | 113
            bob     | no_score_in_window |
        """,
    )
