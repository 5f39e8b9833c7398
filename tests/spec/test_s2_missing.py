"""What the courses without a score could change: bounds, limits around them, and the weighted rate."""


def test_the_bounds_are_nobody_and_everybody_of_the_missing(spec):
    """Four due at week 6: two met, one did not, one has no score. Half at least, three quarters at most. Wilson's lower limit of
    2 of 4 is 0.1500 and the upper one of 3 of 4 is 0.9544."""
    spec(
        measure="response_week_6",
        scores=WEEK_6,
        missing_outcome="""
            due | observed | missing | met | observed_rate | everyone_rate | best_case_rate | envelope_low | envelope_high
            ----+----------+---------+-----+---------------+---------------+----------------+--------------+--------------
            4   | 3        | 1       | 2   | 0.6667        | 0.5           | 0.75           | 0.1500       | 0.9544
        """,
    )


def test_the_limits_of_imbens_and_manski(spec):
    """s is 0.25 at 0.5 and 0.2165 at 0.75, so the gap is 0.25/0.25 = 1; C = 1.6815 gives 0.9963 - 0.0463 = 0.95.
    0.5 - 1.6815 x 0.25 = 0.0796, and 0.75 + 1.6815 x 0.2165 is over 1."""
    spec(
        measure="response_week_6",
        scores=WEEK_6,
        missing_outcome="""
            imbens_manski_low | imbens_manski_high
            ------------------+-------------------
            0.0796            | 1.0
        """,
    )


WEEK_6 = """
    patient | day | timepoint | number | total
    --------+-----+-----------+--------+------
    ann     | 0   | pre       | 1      | 20
    ann     | 42  | fu        |        | 8
    bob     | 0   | pre       | 1      | 20
    bob     | 42  | fu        |        | 8
    cat     | 0   | pre       | 1      | 20
    cat     | 42  | fu        |        | 18
    dan     | 0   | pre       | 1      | 20
"""


def test_with_no_spread_at_all_the_limits_are_the_bounds(spec):
    """ann responds and nobody is missing (1 to 1); at the other clinic nobody is seen (0 to 1), and there is no weighted rate."""
    spec(
        measure="response_week_6",
        scores="""
            clinic | patient | day | timepoint | number | total
            -------+---------+-----+-----------+--------+------
            c1     | ann     | 0   | pre       | 1      | 20
            c1     | ann     | 42  | fu        |        | 8
            c2     | bob     | 0   | pre       | 1      | 20
        """,
        missing_outcome="""
            clinic | observed_rate | everyone_rate | best_case_rate | imbens_manski_low | imbens_manski_high | weighted_rate
            -------+---------------+---------------+----------------+-------------------+--------------------+--------------
            *      | 1.0           | 0.5           | 1.0            | 0.0               | 1.0                | 1.0
            c1     | 1.0           | 1.0           | 1.0            | 1.0               | 1.0                | 1.0
            c2     |               | 0.0           | 1.0            | 0.0               | 1.0                |
        """,
        only={"measure": "response_week_6"},
    )


def test_the_missing_take_the_rate_of_their_class(spec):
    """Baselines of 20 or more with one infusion: one of two met, one missing. Baselines of 10-14: one seen, who met.
    (1/2 + 1/2 + 1/2 + 1) / 4, where the observed rate is 2/3."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 42  | fu        |        | 8
            bob     | 0   | pre       | 1      | 27
            bob     | 42  | fu        |        | 18
            cat     | 0   | pre       | 1      | 24
            dan     | 0   | pre       | 1      | 14
            dan     | 42  | fu        |        | 7
        """,
        missing_outcome="""
            observed_rate | weighted_rate | borrowed
            --------------+---------------+---------
            0.6667        | 0.625         | 0
        """,
    )


def test_infusions_received_make_classes_of_one_severity(spec):
    """Three infusions, four, five and six in ten days: classes 0-3, 4-5 and 6+. The four and the five are one class:
    one met of one seen, so its missing one counts as met: (0 + 1 + 1 + 0) / 4 where the observed rate is 1/3."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            three   | 0   | pre       | 1      | 20
            three   | 10  | pre       | 3      |
            three   | 42  | fu        |        | 18
            four    | 0   | pre       | 1      | 20
            four    | 10  | pre       | 4      |
            four    | 42  | fu        |        | 8
            five    | 0   | pre       | 1      | 20
            five    | 10  | pre       | 5      |
            six     | 0   | pre       | 1      | 20
            six     | 10  | pre       | 6      |
            six     | 42  | fu        |        | 18
        """,
        missing_outcome="""
            observed_rate | weighted_rate | borrowed
            --------------+---------------+---------
            0.3333        | 0.5           | 0
        """,
    )


def test_a_class_that_nobody_was_seen_of_borrows_of_its_severity_else_of_all(spec):
    """bob's class (20-27, six infusions) was not seen: ann's severity lends 0. cat's severity was not seen at all: all
    seen lend 1/2. Both are counted as borrowed. (0 + 0 + 1/2 + 1) / 4."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 42  | fu        |        | 18
            bob     | 0   | pre       | 1      | 20
            bob     | 10  | pre       | 6      |
            cat     | 0   | pre       | 1      | 9
            dan     | 0   | pre       | 1      | 15
            dan     | 42  | fu        |        | 7
        """,
        missing_outcome="""
            observed_rate | weighted_rate | borrowed
            --------------+---------------+---------
            0.5           | 0.375         | 2
        """,
    )


def test_who_is_not_due_yet_is_not_missing(spec):
    spec(
        measure="response_week_6",
        as_of=55,
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
        """,
        missing_outcome="""
            due | missing
            ----+--------
        """,
    )
