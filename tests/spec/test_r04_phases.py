"""R4: where the induction ends, when it is closed, what it is called, and the phase of each score."""


def test_the_induction_reaches_to_day_28_inclusive(spec):
    """The fourth infusion: ann's on day 28, bob's on day 29."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 10  | pre       | 2
            ann     | 20  | pre       | 3
            ann     | 28  | pre       | 4
            bob     | 0   | pre       | 1
            bob     | 10  | pre       | 2
            bob     | 20  | pre       | 3
            bob     | 29  | pre       | 4
        """,
        courses="""
            patient | last_induction_day | induction_infusions | span | induction
            --------+--------------------+---------------------+------+-----------
            ann     | 28                 | 4                   | 28   | complete
            bob     | 20                 | 3                   | 20   | incomplete
        """,
    )


def test_once_4_were_given_a_gap_over_14_days_ends_the_induction(spec):
    """From day 10: ann's 14 days, bob's 15."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 3   | pre       | 2
            ann     | 7   | pre       | 3
            ann     | 10  | pre       | 4
            ann     | 24  | pre       | 5
            bob     | 0   | pre       | 1
            bob     | 3   | pre       | 2
            bob     | 7   | pre       | 3
            bob     | 10  | pre       | 4
            bob     | 25  | pre       | 5
        """,
        courses="""
            patient | last_induction_day | induction_infusions | induction
            --------+--------------------+---------------------+----------
            ann     | 24                 | 5                   | complete
            bob     | 10                 | 4                   | complete
        """,
    )


def test_before_4_were_given_a_gap_over_14_days_does_not_end_the_induction(spec):
    """The gap comes after ann's third infusion."""
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 2
            7   | pre       | 3
            22  | pre       | 4
        """,
        courses="""
            last_induction_day | induction_infusions | induction
            -------------------+---------------------+----------
            22                 | 4                   | complete
        """,
    )


def test_skipped_infusions_fill_the_gap(spec):
    """18 days from infusion 4: to ann's infusion 5 a gap of 18, to bob's infusion 6 two of 9."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 10  | pre       | 4
            ann     | 28  | pre       | 5
            bob     | 0   | pre       | 1
            bob     | 10  | pre       | 4
            bob     | 28  | pre       | 6
        """,
        courses="""
            patient | last_induction_day | induction_infusions
            --------+--------------------+--------------------
            ann     | 10                 | 4
            bob     | 28                 | 6
        """,
    )


def test_a_change_of_drug_ends_the_induction(spec):
    spec(
        scores="""
            day | timepoint | number | drug
            ----+-----------+--------+-----------------
            0   | pre       | 1      | ketamine_iv
            3   | pre       | 2      | ketamine_iv
            7   | pre       | 3      | ketamine_iv
            10  | pre       | 4      | ketamine_iv
            14  | pre       | 5      | esketamine_nasal
            17  | pre       | 6      | ketamine_iv
        """,
        courses="""
            last_induction_day | induction_infusions | induction
            -------------------+---------------------+----------
            10                 | 4                   | complete
        """,
    )


def test_what_comes_after_the_first_break_is_maintenance_for_good(spec):
    """Day 27 lies within 28 days and 2 after day 25, but the induction had ended before day 25."""
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 2
            7   | pre       | 3
            10  | pre       | 4
            25  | pre       | 5
            27  | pre       | 6
        """,
        courses="""
            last_induction_day | induction_infusions | infusions
            -------------------+---------------------+----------
            10                 | 4                   | 6
        """,
    )


def test_fewer_than_4_infusions_are_incomplete(spec):
    """ann had 3, bob 4."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 10  | pre       | 3
            bob     | 0   | pre       | 1
            bob     | 10  | pre       | 4
        """,
        courses="""
            patient | induction_infusions | induction
            --------+---------------------+-----------
            ann     | 3                   | incomplete
            bob     | 4                   | complete
        """,
    )


def test_a_span_under_7_days_is_incomplete(spec):
    """ann's is 6, bob's 7."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 6   | pre       | 4
            bob     | 0   | pre       | 1
            bob     | 7   | pre       | 4
        """,
        courses="""
            patient | span | induction
            --------+------+-----------
            ann     | 6    | incomplete
            bob     | 7    | complete
        """,
    )


def test_more_than_8_infusions_are_extended(spec):
    """ann had 8, bob 9."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 24  | pre       | 8
            bob     | 0   | pre       | 1
            bob     | 24  | pre       | 9
        """,
        courses="""
            patient | induction_infusions | induction
            --------+---------------------+----------
            ann     | 8                   | complete
            bob     | 9                   | extended
        """,
    )


def test_incomplete_goes_before_extended(spec):
    """9 infusions in 6 days."""
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            6   | pre       | 9
        """,
        courses="""
            induction_infusions | span | induction
            --------------------+------+-----------
            9                   | 6    | incomplete
        """,
    )


def test_an_induction_that_goes_on_within_7_days_is_extended(spec):
    """The next infusion is on day 29: 7 days after ann's last, 8 after bob's."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 22  | pre       | 4
            ann     | 29  | pre       | 5
            bob     | 0   | pre       | 1
            bob     | 21  | pre       | 4
            bob     | 29  | pre       | 5
        """,
        courses="""
            patient | last_induction_day | induction
            --------+--------------------+----------
            ann     | 22                 | extended
            bob     | 21                 | complete
        """,
    )


def test_an_induction_followed_by_another_drug_is_not_extended(spec):
    spec(
        scores="""
            day | timepoint | number | drug
            ----+-----------+--------+-----------------
            0   | pre       | 1      | ketamine_iv
            22  | pre       | 4      | ketamine_iv
            29  | pre       | 5      | esketamine_nasal
        """,
        courses="""
            last_induction_day | induction
            -------------------+----------
            22                 | complete
        """,
    )


def test_with_4_given_the_induction_closes_14_days_after_the_last(spec):
    """The last is on day 10: ann was followed to day 24, bob to day 25."""
    spec(
        as_of=25,
        scores="""
            patient | day | timepoint | number | received
            --------+-----+-----------+--------+---------
            ann     | 0   | pre       | 1      | 11
            ann     | 10  | pre       | 4      | 11
            bob     | 0   | pre       | 1      | 10
            bob     | 10  | pre       | 4      | 10
        """,
        courses="""
            patient | followed_until | induction
            --------+----------------+----------
            ann     | 24             | open
            bob     | 25             | complete
        """,
    )


def test_with_4_given_the_induction_closes_at_the_latest_after_day_35(spec):
    """The last is on day 24, so 14 days would be day 38: ann was followed to day 35, bob to day 36."""
    spec(
        as_of=36,
        scores="""
            patient | day | timepoint | number | received
            --------+-----+-----------+--------+---------
            ann     | 0   | pre       | 1      | 25
            ann     | 24  | pre       | 4      | 25
            bob     | 0   | pre       | 1      | 24
            bob     | 24  | pre       | 4      | 24
        """,
        courses="""
            patient | followed_until | induction
            --------+----------------+----------
            ann     | 35             | open
            bob     | 36             | complete
        """,
    )


def test_with_fewer_than_4_given_the_induction_closes_after_day_35_only(spec):
    """The last is on day 10: ann was followed to day 35, bob to day 36."""
    spec(
        as_of=36,
        scores="""
            patient | day | timepoint | number | received
            --------+-----+-----------+--------+---------
            ann     | 0   | pre       | 1      | 11
            ann     | 10  | pre       | 3      | 11
            bob     | 0   | pre       | 1      | 10
            bob     | 10  | pre       | 3      | 10
        """,
        courses="""
            patient | followed_until | induction
            --------+----------------+-----------
            ann     | 35             | open
            bob     | 36             | incomplete
        """,
    )


def test_a_change_of_drug_closes_the_induction_at_once(spec):
    """Only bob was given another drug."""
    spec(
        as_of=14,
        scores="""
            patient | day | timepoint | number | received | drug
            --------+-----+-----------+--------+----------+-----------------
            ann     | 0   | pre       | 1      | 14       | ketamine_iv
            ann     | 10  | pre       | 4      | 14       | ketamine_iv
            ann     | 14  | pre       | 5      | 14       | ketamine_iv
            bob     | 0   | pre       | 1      | 14       | ketamine_iv
            bob     | 10  | pre       | 4      | 14       | ketamine_iv
            bob     | 14  | pre       | 5      | 14       | esketamine_nasal
        """,
        courses="""
            patient | followed_until | induction
            --------+----------------+----------
            ann     | 14             | open
            bob     | 14             | complete
        """,
    )


def test_infusions_after_day_28_close_the_induction_after_day_35_only(spec):
    """The induction ended on day 27 and the infusion of day 34 is maintenance, but no gap was over 14 days."""
    spec(
        as_of=34,
        scores="""
            day | timepoint | number | received
            ----+-----------+--------+---------
            0   | pre       | 1      | 34
            27  | pre       | 5      | 34
            34  | pre       | 6      | 34
        """,
        courses="""
            last_induction_day | followed_until | induction
            -------------------+----------------+----------
            27                 | 34             | open
        """,
    )


def test_the_phases_of_a_course(spec):
    """The last induction infusion is number 4 on day 10, the first maintenance infusion number 5 on day 40."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            -5  | base      |        | 20
            0   | pre       | 1      | 20
            3   | pre       | 2      | 18
            10  | pre       | 4      | 14
            10  | post      | 4      | 9
            11  | post      | 4      | 9
            30  | fu        |        | 10
            40  | pre       | 5      | 12
            40  | fu        |        | 12
            40  | post      | 5      | 9
            41  | fu        |        | 9
        """,
        received="""
            day | timepoint | number | phase
            ----+-----------+--------+---------------
            -5  | base      |        | baseline
            0   | pre       | 1      | baseline
            3   | pre       | 2      | induction
            10  | pre       | 4      | induction
            10  | post      | 4      | post_induction
            11  | post      | 4      | post_induction
            30  | fu        |        | post_induction
            40  | pre       | 5      | post_induction
            40  | fu        |        | post_induction
            40  | post      | 5      | maintenance
            41  | fu        |        | maintenance
        """,
    )


def test_a_second_score_on_the_first_day_is_baseline_only_if_nothing_was_received(spec):
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            0   | post      | 1      | 9
            7   | pre       | 2      |
        """,
        received="""
            day | timepoint | number | phase
            ----+-----------+--------+----------
            0   | pre       | 1      | baseline
            0   | post      | 1      | induction
            7   | pre       | 2      | induction
        """,
    )


def test_the_first_infusions_of_the_next_course_are_a_new_induction(spec):
    """On day 99 the first course is in its maintenance; on day 130 the second has its baseline."""
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            7   | pre       | 4      |
            30  | pre       | 5      |
            99  | fu        |        | 15
            130 | pre       | 6      | 16
            133 | pre       | 7      | 12
        """,
        received="""
            day | timepoint | course | phase
            ----+-----------+--------+---------------
            0   | pre       | 1      | baseline
            7   | pre       | 1      | induction
            30  | pre       | 1      | post_induction
            99  | fu        | 1      | maintenance
            130 | pre       | 2      | baseline
            133 | pre       | 2      | induction
        """,
    )
