"""R10, status 14: each outcome at both sides of its boundary."""


def test_response_is_half_the_baseline_or_less(spec):
    """20 to 10 and 20 to 11; the half of 21 is 10.5."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 42  | fu        |        | 10
            bob     | 0   | pre       | 1      | 20
            bob     | 42  | fu        |        | 11
            cat     | 0   | pre       | 1      | 21
            cat     | 42  | fu        |        | 10
            dan     | 0   | pre       | 1      | 21
            dan     | 42  | fu        |        | 11
        """,
        endpoints="""
            patient | status
            --------+--------
            ann     | met
            bob     | not_met
            cat     | met
            dan     | not_met
        """,
    )


def test_strict_response_is_less_than_half_the_baseline(spec):
    spec(
        measure="response_after_six_strict",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 18  | pre       | 6      |
            ann     | 19  | post      | 6      | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 18  | pre       | 6      |
            bob     | 19  | post      | 6      | 10
        """,
        endpoints="""
            patient | status
            --------+--------
            ann     | met
            bob     | not_met
        """,
    )


def test_remission_is_below_5(spec):
    spec(
        measure="remission_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 42  | fu        |        | 4
            bob     | 0   | pre       | 1      | 20
            bob     | 42  | fu        |        | 5
        """,
        endpoints="""
            patient | status
            --------+--------
            ann     | met
            bob     | not_met
        """,
    )


def test_remission_at_most_5_is_5_or_less(spec):
    spec(
        measure="remission_week_6_at_most_5",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 42  | fu        |        | 5
            bob     | 0   | pre       | 1      | 20
            bob     | 42  | fu        |        | 6
        """,
        endpoints="""
            patient | status
            --------+--------
            ann     | met
            bob     | not_met
        """,
    )


def test_worsened_is_any_point_above_the_baseline(spec):
    spec(
        measure="worsened_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 10
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 11
            bob     | 0   | pre       | 1      | 10
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        |        | 10
        """,
        endpoints="""
            patient | status
            --------+--------
            ann     | met
            bob     | not_met
        """,
    )


def test_ideation_reduced_is_a_lower_item_9(spec):
    spec(
        measure="suicidal_ideation_reduced_post_induction",
        scores="""
            patient | day | timepoint | number | total | item_9
            --------+-----+-----------+--------+-------+-------
            ann     | 0   | pre       | 1      | 20    | 2
            ann     | 10  | pre       | 4      |       |
            ann     | 30  | fu        |        | 20    | 1
            bob     | 0   | pre       | 1      | 20    | 2
            bob     | 10  | pre       | 4      |       |
            bob     | 30  | fu        |        | 4     | 2
        """,
        endpoints="""
            patient | status  | baseline_item_9 | endpoint_item_9
            --------+---------+-----------------+----------------
            ann     | met     | 2               | 1
            bob     | not_met | 2               | 2
        """,
    )


def test_ideation_increased_is_a_higher_item_9(spec):
    """From 0 too: this measure takes patients without ideation at the baseline."""
    spec(
        measure="suicidal_ideation_increased_post_induction",
        scores="""
            patient | day | timepoint | number | total | item_9
            --------+-----+-----------+--------+-------+-------
            ann     | 0   | pre       | 1      | 20    | 0
            ann     | 10  | pre       | 4      |       |
            ann     | 30  | fu        |        | 4     | 1
            bob     | 0   | pre       | 1      | 20    | 1
            bob     | 10  | pre       | 4      |       |
            bob     | 30  | fu        |        | 23    | 1
        """,
        endpoints="""
            patient | status  | baseline_item_9 | endpoint_item_9
            --------+---------+-----------------+----------------
            ann     | met     | 0               | 1
            bob     | not_met | 1               | 1
        """,
    )


def test_reliable_improvement_is_6_points_or_more(spec):
    spec(
        measure="reliable_improvement_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 14
            bob     | 0   | pre       | 1      | 20
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        |        | 15
        """,
        endpoints="""
            patient | status
            --------+--------
            ann     | met
            bob     | not_met
        """,
    )


def test_reliable_deterioration_is_6_points_or_more(spec):
    spec(
        measure="reliable_deterioration_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 10
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 16
            bob     | 0   | pre       | 1      | 10
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        |        | 15
        """,
        endpoints="""
            patient | status
            --------+--------
            ann     | met
            bob     | not_met
        """,
    )


def test_recovery_is_below_10_from_10_or_more(spec):
    spec(
        measure="recovery_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 10
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 9
            bob     | 0   | pre       | 1      | 10
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        |        | 10
        """,
        endpoints="""
            patient | status
            --------+--------
            ann     | met
            bob     | not_met
        """,
    )


def test_followed_up_is_any_score_at_all(spec):
    """Nobody can fail it: without a score the patient is missing."""
    spec(
        measure="follow_up_6_months",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 180 | fu        |        | 27
            bob     | 0   | pre       | 1      | 20
        """,
        endpoints="""
            patient | status
            --------+-------------------
            ann     | met
            bob     | no_score_in_window
        """,
    )
