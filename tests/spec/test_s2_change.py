"""Change in points, and item 9: who thinks of death less, more, or for the first time."""


def test_the_mean_change_with_its_limits_and_both_effect_sizes(spec):
    """Falls of 12, 6 and 0 of 20, 18 and 10: mean 6, sd 6; 6 +- 4.3027 x 6 / 1.7321. d_z = 6/6; sd of the baselines is
    5.2915, so d_pre = 1.1339. A fall of 6 is reliable, none is not; 12 of 20 and 6 of 18: one response."""
    spec(
        measure="mean_change_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 8
            bob     | 0   | pre       | 1      | 18
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        |        | 12
            cat     | 0   | pre       | 1      | 10
            cat     | 10  | pre       | 4      |
            cat     | 30  | fu        |        | 10
            dan     | 0   | pre       | 1      | 20
            dan     | 10  | pre       | 4      |
        """,
        change="""
            n | mean_baseline | sd_baseline | mean_endpoint | sd_endpoint | mean_change | sd_change | low     | high    | d_z | d_pre
            --+---------------+-------------+---------------+-------------+-------------+-----------+---------+---------+-----+-------
            3 | 16.0          | 5.2915      | 10.0          | 2.0         | 6.0         | 6.0       | -8.9048 | 20.9048 | 1.0 | 1.1339
        """,
        endpoints="""
            patient | status
            --------+-------------------
            ann     | counted
            bob     | counted
            cat     | counted
            dan     | no_score_in_window
        """,
    )


def test_six_points_are_reliable_and_five_are_not(spec):
    spec(
        measure="mean_change_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 15
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 9
            bob     | 0   | pre       | 1      | 10
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        |        | 5
            cat     | 0   | pre       | 1      | 15
            cat     | 10  | pre       | 4      |
            cat     | 30  | fu        |        | 21
            dan     | 0   | pre       | 1      | 15
            dan     | 10  | pre       | 4      |
            dan     | 30  | fu        |        | 20
        """,
        change="""
            n | improved | deteriorated | responded | mean_change
            --+----------+--------------+-----------+------------
            4 | 1        | 1            | 1         | 0.0
        """,
    )


def test_of_one_patient_there_is_a_mean_and_no_limits(spec):
    spec(
        measure="mean_change_post_induction",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            10  | pre       | 4      |
            30  | fu        |        | 8
        """,
        change="""
            n | mean_change | sd_change | low | high | d_z | d_pre | expected_regression
            --+-------------+-----------+-----+------+-----+-------+--------------------
            1 | 12.0        |           |     |      |     |       |
        """,
    )


def test_where_all_change_alike_there_is_no_d_z(spec):
    """Falls of 10 and 10: a standard deviation of 0 divides nothing."""
    spec(
        measure="mean_change_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        |        | 10
            bob     | 0   | pre       | 1      | 16
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        |        | 6
        """,
        change="""
            n | sd_change | low  | high | d_z | d_pre
            --+-----------+------+------+-----+-------
            2 | 0.0       | 10.0 | 10.0 |     | 3.5355
        """,
    )


def test_the_fall_to_expect_without_change_is_of_everyone_who_started(spec):
    """Baselines 6, 12 and 18 of three starters, one of them counted: mean 12, sd 6, c = -1/3.
    phi = 0.3774, 1 - Phi = 0.6306; 0.263 x 6 x 0.5985 = 0.944. A second course and the spray are not among them."""
    spec(
        measure="mean_change_post_induction",
        scores="""
            patient | day | timepoint | number | total | drug
            --------+-----+-----------+--------+-------+-----------
            ann     | 0   | pre       | 1      | 18    |
            ann     | 10  | pre       | 4      |       |
            ann     | 30  | fu        |        | 8     |
            ann     | 150 | pre       | 5      | 27    |
            bob     | 0   | pre       | 1      | 6     |
            cat     | 0   | pre       | 1      | 12    |
            dan     | 0   | pre       | 1      | 27    | esketamine
        """,
        change="""
            n | mean_baseline | expected_regression
            --+---------------+--------------------
            1 | 18.0          | 0.944
        """,
    )


ITEM_9 = """
    patient  | day | timepoint | number | total | item_9
    ---------+-----+-----------+--------+-------+-------
    resolved | 0   | pre       | 1      | 20    | 2
    resolved | 10  | pre       | 4      |       |
    resolved | 30  | fu        |        | 10    | 0
    reduced  | 0   | pre       | 1      | 20    | 3
    reduced  | 10  | pre       | 4      |       |
    reduced  | 30  | fu        |        | 10    | 1
    same     | 0   | pre       | 1      | 20    | 1
    same     | 10  | pre       | 4      |       |
    same     | 30  | fu        |        | 10    | 1
    higher   | 0   | pre       | 1      | 20    | 1
    higher   | 10  | pre       | 4      |       |
    higher   | 30  | fu        |        | 10    | 2
    never    | 0   | pre       | 1      | 20    | 0
    never    | 10  | pre       | 4      |       |
    never    | 30  | fu        |        | 10    | 0
    new      | 0   | pre       | 1      | 20    | 0
    new      | 10  | pre       | 4      |       |
    new      | 30  | fu        |        | 10    | 1
    unknown  | 0   | pre       | 1      | 20    |
    unknown  | 10  | pre       | 4      |       |
    unknown  | 30  | fu        |        | 10    | 3
"""


def test_item_9_before_and_after(spec):
    """Four had thoughts of death before: two have fewer, one of them none. Two had none: one has now. Two of six have
    more. A baseline without item 9 is in nobody's denominator."""
    spec(
        scores=ITEM_9,
        item_9_change="""
            observed | with_ideation | reduced | resolved | without_ideation | new | increased
            ---------+---------------+---------+----------+------------------+-----+----------
            6        | 4             | 2       | 1        | 2                | 1   | 2
        """,
    )


def test_the_shares_of_item_9_have_the_denominators_they_speak_of(spec):
    spec(
        scores=ITEM_9,
        item_9_change="""
            reduced_rate | resolved_rate | new_rate | increased_rate | reduced_low | reduced_high | new_low | new_high | increased_low | increased_high
            -------------+---------------+----------+----------------+-------------+--------------+---------+----------+---------------+---------------
            0.5          | 0.25          | 0.5      | 0.3333         | 0.1500      | 0.8500       | 0.0945  | 0.9055   | 0.0968        | 0.7000
        """,
    )


def test_a_rise_of_item_9_is_listed_though_the_total_falls(spec):
    """From 0 it is new, from more than 0 higher; a fall is not listed. Any recall, an unfinished form, and a patient who
    never started count too: someone must look."""
    spec(
        scores="""
            patient | day | timepoint | number | total | item_9 | items     | recall
            --------+-----+-----------+--------+-------+--------+-----------+---------------------
            ann     | -2  | base      |        | 20    | 0      |           |
            ann     | 0   | pre       | 1      | 16    | 1      |           |
            ann     | 0   | post      | 1      | 12    | 0      |           | since_last_treatment
            ann     | 3   | pre       | 2      | 10    | 2      |           |
            ann     | 6   | pre       | 3      | 9     | 3      |           |
            ann     | 9   | pre       | 4      | 8     | 3      |           |
            bob     | -2  | base      |        | 20    | 1      |           |
            bob     | 5   | fu        |        |       |        | ........3 |
        """,
        item_9_review="""
            patient | kind   | day_before | item_9_before | day | timepoint     | item_9
            --------+--------+------------+---------------+-----+---------------+-------
            ann     | new    | -2         | 0             | 0   | pre_infusion  | 1
            ann     | new    | 0          | 0             | 3   | pre_infusion  | 2
            ann     | higher | 3          | 2             | 6   | pre_infusion  | 3
            bob     | higher | -2         | 1             | 5   | follow_up     | 3
        """,
    )


def test_a_score_without_item_9_is_passed_over(spec):
    """Day 7 has a total only: day 14 is compared with day 0."""
    spec(
        scores="""
            day | timepoint | number | total | item_9
            ----+-----------+--------+-------+-------
            0   | pre       | 1      | 20    | 1
            7   | fu        |        | 18    |
            14  | fu        |        | 16    | 2
        """,
        item_9_review="""
            kind   | day_before | day
            -------+------------+----
            higher | 0          | 14
        """,
    )


def test_on_one_day_scores_are_read_in_the_order_of_the_day(spec):
    """The baseline form, then the one before the infusion, then the one after it, then a follow-up."""
    spec(
        scores="""
            day | timepoint | number | total | item_9
            ----+-----------+--------+-------+-------
            0   | fu        |        | 20    | 3
            0   | post      | 1      | 20    | 2
            0   | pre       | 1      | 20    | 1
            0   | base      |        | 20    | 0
        """,
        item_9_review="""
            kind   | timepoint     | item_9_before | item_9
            -------+---------------+---------------+-------
            new    | pre_infusion  | 0             | 1
            higher | post_infusion | 1             | 2
            higher | follow_up     | 2             | 3
        """,
    )
