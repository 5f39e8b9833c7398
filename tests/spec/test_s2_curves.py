"""The course of the scores: by infusion, by week, and what the first infusions tell of the end."""

# ann is given six infusions, three days apart; bob stops after two; cat's baseline is too low to be here.
BY_INFUSION = """
    patient | day | timepoint | number | total
    --------+-----+-----------+--------+------
    ann     | 0   | pre       | 1      | 20
    ann     | 3   | pre       | 2      | 16
    ann     | 6   | pre       | 3      | 10
    ann     | 9   | pre       | 4      |
    ann     | 12  | pre       | 5      | 8
    ann     | 15  | pre       | 6      | 6
    ann     | 20  | fu        |        | 4
    bob     | 0   | pre       | 1      | 14
    bob     | 3   | pre       | 2      | 7
    bob     | 10  | fu        |        | 15
    cat     | 0   | pre       | 1      | 9
    cat     | 3   | pre       | 2      | 1
"""


def test_after_each_infusion_whoever_was_given_it_is_counted(spec):
    """The score before infusion 2 is the one after infusion 1. ann's fourth has no form after infusion 3: due and
    missing. bob leaves the denominator after his second infusion."""
    spec(
        scores=BY_INFUSION,
        only={"cohort": "available", "outcome": "response"},
        infusion_curve="""
            k | due | observed | met | rate | low    | high
            --+-----+----------+-----+------+--------+-------
            1 | 2   | 2        | 1   | 0.5  | 0.0945 | 0.9055
            2 | 2   | 2        | 1   | 0.5  | 0.0945 | 0.9055
            3 | 1   | 0        | 0   |      |        |
            4 | 1   | 1        | 1   | 1.0  | 0.2065 | 1.0
            5 | 1   | 1        | 1   | 1.0  | 0.2065 | 1.0
            6 | 1   | 1        | 1   | 1.0  | 0.2065 | 1.0
        """,
    )


def test_the_fixed_cohort_is_who_was_given_six(spec):
    """Without bob the curve starts at 0: his early response is no part of a line that ends at six."""
    spec(
        scores=BY_INFUSION,
        only={"cohort": "reached_last"},
        infusion_curve="""
            outcome   | k | due | observed | met
            ----------+---+-----+----------+----
            response  | 1 | 1   | 1        | 0
            response  | 2 | 1   | 1        | 1
            response  | 3 | 1   | 0        | 0
            response  | 4 | 1   | 1        | 1
            response  | 5 | 1   | 1        | 1
            response  | 6 | 1   | 1        | 1
            remission | 1 | 1   | 1        | 0
            remission | 2 | 1   | 1        | 0
            remission | 3 | 1   | 0        | 0
            remission | 4 | 1   | 1        | 0
            remission | 5 | 1   | 1        | 0
            remission | 6 | 1   | 1        | 1
        """,
    )


def test_the_fixed_cohort_counts_infusions_of_the_first_drug_before_a_switch(spec):
    """Five of ketamine and one of esketamine are not six."""
    spec(
        only={"cohort": "reached_last"},
        scores="""
            day | timepoint | number | total | drug
            ----+-----------+--------+-------+-----------
            0   | pre       | 1      | 20    |
            12  | pre       | 5      | 12    |
            15  | pre       | 6      | 12    | esketamine
        """,
        infusion_mean="""
            k | n
            --+--
        """,
        infusion_curve="""
            k | due
            --+----
        """,
    )


def test_the_fixed_cohort_ends_with_its_sixth_infusion(spec):
    """Infusions 2 to 5 were skipped in the numbering: given, on a day that is not known, and without a form of their own. The
    form before infusion 6 is of 14 days after the last day known."""
    spec(
        only={"outcome": "response"},
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            14  | pre       | 6      | 8
            18  | pre       | 7      | 8
            20  | fu        |        | 9
        """,
        infusion_curve="""
            cohort       | k | due | observed
            -------------+---+-----+---------
            available    | 1 | 1   | 0
            available    | 2 | 1   | 0
            available    | 3 | 1   | 0
            available    | 4 | 1   | 0
            available    | 5 | 1   | 1
            available    | 6 | 1   | 1
            available    | 7 | 1   | 1
            reached_last | 1 | 1   | 0
            reached_last | 2 | 1   | 0
            reached_last | 3 | 1   | 0
            reached_last | 4 | 1   | 0
            reached_last | 5 | 1   | 1
            reached_last | 6 | 1   | 1
        """,
    )


def test_means_after_each_infusion(spec):
    """Point 0 is the baselines of both, 20 and 14: mean 17, and t is 12.7062 for one degree of freedom:
    17 +- 12.7062 x 4.2426 / 1.4142. After infusion 1 they stand at 16 and 7, which is a fall of 4 and 7."""
    spec(
        scores=BY_INFUSION,
        only={"cohort": "available"},
        infusion_mean="""
            k | n | mean_total | sd_total | low    | high  | mean_change | sd_change | change_low | change_high
            --+---+------------+----------+--------+-------+-------------+-----------+------------+------------
            0 | 2 | 17.0       | 4.2426   | -21.12 | 55.12 |             |           |            |
            1 | 2 | 11.5       | 6.3640   | -45.68 | 68.68 | 5.5         | 2.1213    | -13.56     | 24.56
            2 | 2 | 12.5       | 3.5355   | -19.27 | 44.27 | 4.5         | 7.7782    | -65.38     | 74.38
            4 | 1 | 8.0        |          |        |       | 12.0        |           |            |
            5 | 1 | 6.0        |          |        |       | 14.0        |           |            |
            6 | 1 | 4.0        |          |        |       | 16.0        |           |            |
        """,
    )


def test_the_week_curve_takes_the_last_score_within_three_days(spec):
    """Week 1 is days 4 to 10, and day 11 is the first of week 2 (11 to 17). Of two on one day the higher."""
    spec(
        only={"cohort": "available"},
        as_of=24,
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            3   | fu        |        | 2
            4   | fu        |        | 3
            10  | fu        |        | 10
            11  | fu        |        | 4
            17  | pre       | 2      | 6
            17  | fu        |        | 12
        """,
        week_curve="""
            week | due | observed | responded | response_rate | remitted | remission_rate | mean_total
            -----+-----+----------+-----------+---------------+----------+----------------+-----------
            0    | 1   | 1        | 0         | 0.0           | 0        | 0.0            | 20.0
            1    | 1   | 1        | 1         | 1.0           | 0        | 0.0            | 10.0
            2    | 1   | 1        | 0         | 0.0           | 0        | 0.0            | 12.0
            3    | 1   | 0        | 0         |               | 0        |                |
            4    | 1   | 0        | 0         |               | 0        |                |
        """,
    )


def test_a_week_is_due_seven_days_after_its_last_day(spec):
    """Week 1 ends on day 10. One day earlier nobody is due, and a score that is there does not count yet."""
    scores = """
        day | timepoint | number | total | received
        ----+-----------+--------+-------+---------
        0   | pre       | 1      | 20    | 0
        7   | fu        |        | 8     | 7
    """
    only = {"cohort": "available"}
    spec(
        scores=scores,
        as_of=16,
        only=only,
        week_curve="""
            week | due | observed
            -----+-----+---------
            0    | 1   | 1
        """,
    )
    spec(
        scores=scores,
        as_of=17,
        only=only,
        week_curve="""
            week | due | observed
            -----+-----+---------
            0    | 1   | 1
            1    | 1   | 1
        """,
    )


def test_the_weeks_are_those_of_first_courses_of_iv_ketamine_with_a_baseline_of_ten(spec):
    """The fixed cohort of the weeks is who was given six; dan's baseline is a day too old, eve has the spray."""
    spec(
        only={"week": 0},
        scores="""
            patient | day | timepoint | number | total | drug
            --------+-----+-----------+--------+-------+-----------
            ann     | 0   | pre       | 1      | 10    |
            ann     | 15  | pre       | 6      |       |
            bob     | 0   | pre       | 1      | 16    |
            cat     | 0   | pre       | 1      | 9     |
            dan     | -31 | base      |        | 20    |
            dan     | 0   | pre       | 1      |       |
            eve     | 0   | pre       | 1      | 20    | esketamine
        """,
        week_curve="""
            cohort       | due | mean_total | sd_total | low    | high
            -------------+-----+------------+----------+--------+------
            available    | 2   | 13.0       | 4.2426   | -25.12 | 51.12
            reached_last | 1   | 10.0       |          |        |
        """,
    )


def test_what_an_early_response_says_of_the_end(spec):
    """ann responds after infusion 1 and at the end; bob does so early and loses it; cat comes late to it; dan has no
    score at the end and eve none after infusion 1, so neither is counted."""
    spec(
        only={"k": 1},
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 3   | pre       | 2      | 10
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 8
            bob     | 0   | pre       | 1      | 20
            bob     | 3   | pre       | 2      | 10
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        |        | 11
            cat     | 0   | pre       | 1      | 20
            cat     | 3   | pre       | 2      | 11
            cat     | 10  | pre       | 4      |
            cat     | 30  | fu        |        | 10
            dan     | 0   | pre       | 1      | 20
            dan     | 3   | pre       | 2      | 10
            dan     | 10  | pre       | 4      |
            eve     | 0   | pre       | 1      | 20
            eve     | 3   | pre       | 2      |
            eve     | 10  | pre       | 4      |
            eve     | 30  | fu        |        | 8
        """,
        early_response="""
            early   | courses | later_met | rate | low    | high
            --------+---------+-----------+------+--------+-------
            met     | 2       | 1         | 0.5  | 0.0945 | 0.9055
            not_met | 1       | 1         | 1.0  | 0.2065 | 1.0
        """,
    )
