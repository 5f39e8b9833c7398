"""R7: the endpoint, the last usable score of the window; never the best one."""


def test_the_window_is_inclusive_at_both_ends(spec):
    """Week 6 is days 35 to 49: just before, first, last, just after."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 34  | fu        |        | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 35  | fu        |        | 9
            cat     | 0   | pre       | 1      | 20
            cat     | 49  | fu        |        | 9
            dan     | 0   | pre       | 1      | 20
            dan     | 50  | fu        |        | 9
        """,
        endpoints="""
            patient | status             | endpoint_day
            --------+--------------------+-------------
            ann     | no_score_in_window |
            bob     | met                | 35
            cat     | met                | 49
            dan     | no_score_in_window |
        """,
    )


def test_after_an_induction_the_window_counts_from_its_last_infusion(spec):
    """14 to 31 days after day 10: days 24 to 41."""
    spec(
        measure="response_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 10  | pre       | 4      |
            ann     | 23  | fu        |        | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 10  | pre       | 4      |
            bob     | 24  | fu        |        | 9
            cat     | 0   | pre       | 1      | 20
            cat     | 10  | pre       | 4      |
            cat     | 41  | fu        |        | 9
            dan     | 0   | pre       | 1      | 20
            dan     | 10  | pre       | 4      |
            dan     | 42  | fu        |        | 9
        """,
        endpoints="""
            patient | status             | endpoint_day
            --------+--------------------+-------------
            ann     | no_score_in_window |
            bob     | met                | 24
            cat     | met                | 41
            dan     | no_score_in_window |
        """,
    )


def test_the_endpoint_is_the_latest_score_and_not_the_best(spec):
    spec(
        measure="response_week_6",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            36  | fu        |        | 2
            45  | fu        |        | 15
        """,
        endpoints="""
            status  | endpoint_day | endpoint_total | endpoint_tie
            --------+--------------+----------------+-------------
            not_met | 45           | 15             | F
        """,
    )


def test_of_two_on_one_day_the_higher_total_is_taken_and_counted(spec):
    """bob's are equal, but still two."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 42  | pre       | 2      | 9
            ann     | 42  | fu        |        | 11
            bob     | 0   | pre       | 1      | 20
            bob     | 42  | pre       | 2      | 9
            bob     | 42  | fu        |        | 9
        """,
        endpoints="""
            patient | status  | endpoint_total | endpoint_tie
            --------+---------+----------------+-------------
            ann     | not_met | 11             | T
            bob     | met     | 9              | T
        """,
    )


def test_a_score_that_cannot_be_used_is_skipped(spec):
    """The eight items of day 48 are no score."""
    spec(
        measure="response_week_6",
        scores="""
            day | timepoint | number | total | items
            ----+-----------+--------+-------+----------
            0   | pre       | 1      | 20    |
            40  | fu        |        | 9     |
            48  | fu        |        |       | 33333333.
        """,
        endpoints="""
            status | endpoint_day | endpoint_tie
            -------+--------------+-------------
            met    | 40           | F
        """,
    )


def test_an_item_9_endpoint_is_the_latest_score_with_item_9(spec):
    spec(
        measure="suicidal_ideation_reduced_post_induction",
        scores="""
            day | timepoint | number | total | item_9
            ----+-----------+--------+-------+-------
            0   | pre       | 1      | 20    | 2
            10  | pre       | 4      |       |
            30  | fu        |        | 12    | 1
            35  | fu        |        | 10    |
        """,
        endpoints="""
            status | endpoint_day | endpoint_total | endpoint_item_9
            -------+--------------+----------------+----------------
            met    | 30           | 12             | 1
        """,
    )


def test_of_two_item_9_endpoints_on_one_day_the_higher_total_then_the_higher_item_9(spec):
    """ann's totals differ, bob's only in item 9."""
    spec(
        measure="suicidal_ideation_reduced_post_induction",
        scores="""
            patient | day | timepoint | number | total | item_9
            --------+-----+-----------+--------+-------+-------
            ann     | 0   | pre       | 1      | 20    | 2
            ann     | 10  | pre       | 4      |       |
            ann     | 30  | pre       | 5      | 10    | 3
            ann     | 30  | fu        |        | 12    | 1
            bob     | 0   | pre       | 1      | 20    | 2
            bob     | 10  | pre       | 4      |       |
            bob     | 30  | pre       | 5      | 12    | 1
            bob     | 30  | fu        |        | 12    | 2
        """,
        endpoints="""
            patient | status  | endpoint_total | endpoint_item_9 | endpoint_tie
            --------+---------+----------------+-----------------+-------------
            ann     | met     | 12             | 1               | T
            bob     | not_met | 12             | 2               | T
        """,
    )


def test_a_maintenance_infusion_on_a_day_before_the_endpoint_is_flagged(spec):
    """Infusion 5 on day 30 is maintenance: ann's endpoint is of that day, bob's of the next."""
    spec(
        measure="response_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 10  | pre       | 4      |
            ann     | 30  | pre       | 5      | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 10  | pre       | 4      |
            bob     | 30  | pre       | 5      |
            bob     | 31  | fu        |        | 9
        """,
        endpoints="""
            patient | endpoint_day | maintenance_before_endpoint | switched_before_endpoint
            --------+--------------+-----------------------------+-------------------------
            ann     | 30           | F                           | F
            bob     | 31           | T                           | F
        """,
    )


def test_an_infusion_of_another_drug_on_a_day_before_the_endpoint_is_flagged(spec):
    """Infusion 5 on day 30 is of esketamine: ann's endpoint is of that day, bob's of the next."""
    spec(
        measure="response_post_induction",
        scores="""
            patient | day | timepoint | number | total | drug
            --------+-----+-----------+--------+-------+-----------------
            ann     | 0   | pre       | 1      | 20    |
            ann     | 10  | pre       | 4      |       |
            ann     | 30  | pre       | 5      | 9     | esketamine_nasal
            bob     | 0   | pre       | 1      | 20    |
            bob     | 10  | pre       | 4      |       |
            bob     | 30  | pre       | 5      |       | esketamine_nasal
            bob     | 31  | fu        |        | 9     |
        """,
        endpoints="""
            patient | endpoint_day | maintenance_before_endpoint | switched_before_endpoint
            --------+--------------+-----------------------------+-------------------------
            ann     | 30           | F                           | F
            bob     | 31           | T                           | T
        """,
    )


def test_the_sensitivity_endpoint_is_not_after_the_first_maintenance_infusion(spec):
    """On day 30. ann has a score before it, bob of its day, cat only after it."""
    spec(
        measure="response_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 10  | pre       | 4      |
            ann     | 25  | fu        |        | 12
            ann     | 30  | pre       | 5      |
            ann     | 35  | fu        |        | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 10  | pre       | 4      |
            bob     | 30  | pre       | 5      | 13
            bob     | 35  | fu        |        | 9
            cat     | 0   | pre       | 1      | 20
            cat     | 10  | pre       | 4      |
            cat     | 30  | pre       | 5      |
            cat     | 35  | fu        |        | 9
        """,
        endpoints="""
            patient | endpoint_day | endpoint_total | sensitivity_day | sensitivity_total
            --------+--------------+----------------+-----------------+------------------
            ann     | 35           | 9              | 25              | 12
            bob     | 35           | 9              | 30              | 13
            cat     | 35           | 9              |                 |
        """,
    )


def test_without_maintenance_the_sensitivity_endpoint_is_the_endpoint(spec):
    spec(
        measure="response_post_induction",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            10  | pre       | 4      |
            30  | fu        |        | 9
        """,
        endpoints="""
            endpoint_day | endpoint_total | sensitivity_day | sensitivity_total
            -------------+----------------+-----------------+------------------
            30           | 9              | 30              | 9
        """,
    )
