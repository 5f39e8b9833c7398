"""R10: each of the seventeen statuses, and which goes first where two are true."""


def test_1_a_later_course_is_a_repeat_course(spec):
    """Whatever its drug and its scores."""
    spec(
        measure="response_of_starters",
        scores="""
            day | timepoint | number | total | drug
            ----+-----------+--------+-------+-----------------
            0   | pre       | 1      | 20    | ketamine_iv
            30  | fu        |        | 9     |
            91  | pre       | 2      |       | esketamine_nasal
        """,
        endpoints="""
            course | status
            -------+--------------
            1      | met
            2      | repeat_course
        """,
    )


def test_2_other_drug_goes_before_no_baseline_and_baseline_too_old(spec):
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total | drug
            --------+-----+-----------+--------+-------+-----------------
            ann     | 0   | pre       | 1      |       | esketamine_nasal
            bob     | -31 | base      |        | 20    |
            bob     | 0   | pre       | 1      |       | esketamine_nasal
        """,
        endpoints="""
            patient | status
            --------+-----------
            ann     | other_drug
            bob     | other_drug
        """,
    )


def test_2_a_measure_of_any_drug_knows_no_other_drug(spec):
    spec(
        measure="drop_of_6_by_day_28",
        scores="""
            day | timepoint | number | total | drug
            ----+-----------+--------+-------+-----------------
            0   | pre       | 1      | 20    | esketamine_nasal
            28  | fu        |        | 9     |
        """,
        endpoints="""
            status
            ------
            met
        """,
    )


def test_2_the_first_infusion_decides_the_drug(spec):
    """A later switch does not."""
    spec(
        measure="response_of_starters",
        scores="""
            day | timepoint | number | total | drug
            ----+-----------+--------+-------+-----------------
            0   | pre       | 1      | 20    | ketamine_iv
            3   | pre       | 2      |       | esketamine_nasal
            30  | fu        |        | 9     |
        """,
        endpoints="""
            status
            ------
            met
        """,
    )


def test_3_4_5_the_baseline_goes_before_an_open_induction(spec):
    """All seen on day 3."""
    spec(
        measure="response_post_induction",
        as_of=3,
        scores="""
            patient | day | timepoint | number | total | received
            --------+-----+-----------+--------+-------+---------
            ann     | 0   | pre       | 1      |       | 0
            bob     | -31 | base      |        | 20    | 3
            bob     | 0   | pre       | 1      |       | 0
            cat     | 0   | pre       | 1      | 0     | 0
            dan     | 0   | pre       | 1      | 1     | 0
        """,
        endpoints="""
            patient | status
            --------+-----------------------
            ann     | no_baseline
            bob     | baseline_too_old
            cat     | baseline_below_minimum
            dan     | not_yet_due
        """,
    )


def test_3_4_5_the_baseline_goes_before_infusions_not_recorded_and_an_incomplete_induction(spec):
    """The follow-up of each tells of a second infusion that was never reported."""
    spec(
        measure="response_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      |
            ann     | 30  | fu        | 2      | 9
            bob     | -31 | base      |        | 20
            bob     | 0   | pre       | 1      |
            bob     | 30  | fu        | 2      | 9
            cat     | 0   | pre       | 1      | 0
            cat     | 30  | fu        | 2      | 9
        """,
        endpoints="""
            patient | status
            --------+-----------------------
            ann     | no_baseline
            bob     | baseline_too_old
            cat     | baseline_below_minimum
        """,
    )


def test_3_an_item_9_measure_looks_at_the_common_baseline_first(spec):
    """ann has no score at all, bob one that is too old; neither is called item_9_not_available."""
    spec(
        measure="suicidal_ideation_reduced_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      |
            bob     | -31 | base      |        | 20
            bob     | 0   | pre       | 1      |
        """,
        endpoints="""
            patient | status
            --------+-----------------
            ann     | no_baseline
            bob     | baseline_too_old
        """,
    )


def test_6_7_item_9_at_the_baseline_goes_before_all_of_the_schedule(spec):
    """Both inductions are incomplete and have infusions that were not recorded. ann has a total only, bob's item 9 is 0."""
    spec(
        measure="suicidal_ideation_reduced_post_induction",
        scores="""
            patient | day | timepoint | number | total | item_9
            --------+-----+-----------+--------+-------+-------
            ann     | 0   | pre       | 1      | 20    |
            ann     | 30  | fu        | 2      | 9     |
            bob     | 0   | pre       | 1      | 20    | 0
            bob     | 30  | fu        | 2      | 9     |
        """,
        endpoints="""
            patient | status
            --------+---------------------------------
            ann     | item_9_not_available
            bob     | no_suicidal_ideation_at_baseline
        """,
    )


def test_7_ideation_at_the_baseline_is_an_item_9_of_1_or_more(spec):
    """ann's is 0, bob's 1."""
    spec(
        measure="suicidal_ideation_reduced_post_induction",
        scores="""
            patient | day | timepoint | number | total | item_9
            --------+-----+-----------+--------+-------+-------
            ann     | 0   | pre       | 1      | 20    | 0
            ann     | 10  | pre       | 4      |       |
            ann     | 30  | fu        |        | 9     | 0
            bob     | 0   | pre       | 1      | 20    | 1
            bob     | 10  | pre       | 4      |       |
            bob     | 30  | fu        |        | 9     | 0
        """,
        endpoints="""
            patient | status
            --------+---------------------------------
            ann     | no_suicidal_ideation_at_baseline
            bob     | met
        """,
    )


def test_8_a_follow_up_with_a_number_above_the_last_infusions(spec):
    """Four are known. ann's follow-up says four, bob's five."""
    spec(
        measure="response_post_induction",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 10  | pre       | 4      |
            ann     | 30  | fu        | 4      | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 10  | pre       | 4      |
            bob     | 30  | fu        | 5      | 9
        """,
        endpoints="""
            patient | status
            --------+-----------------------
            ann     | met
            bob     | infusions_not_recorded
        """,
    )


def test_8_the_number_is_read_by_the_shift_of_its_day(spec):
    """The numbering starts again on day 7: number 3 of the second run is the fifth infusion, and four are known."""
    spec(
        measure="response_post_induction",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            3   | pre       | 2      |
            7   | pre       | 1      |
            10  | pre       | 2      |
            30  | fu        | 3      | 9
        """,
        endpoints="""
            status
            ----------------------
            infusions_not_recorded
        """,
    )


def test_8_a_number_that_a_later_infusion_explains_is_no_fault(spec):
    """Follow-up 5 came before infusion 5, but infusion 5 is known."""
    spec(
        measure="response_post_induction",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
            10  | pre       | 4      |
            30  | fu        | 5      | 9
            40  | pre       | 5      |
        """,
        endpoints="""
            status
            ------
            met
        """,
    )


def test_8_matters_only_to_measures_that_need_infusions(spec):
    scores = """
        day | timepoint | number | total
        ----+-----------+--------+------
        0   | pre       | 1      | 20
        10  | pre       | 4      |
        40  | fu        | 5      | 9
    """
    not_recorded = """
        status
        ----------------------
        infusions_not_recorded
    """
    met = """
        status
        ------
        met
    """
    spec(measure="response_post_induction_any_length", scores=scores, endpoints=not_recorded)
    spec(measure="response_after_infusion_4", scores=scores, endpoints=not_recorded)
    spec(measure="response_of_starters", scores=scores, endpoints=met)


def test_8_goes_before_9_10_and_12(spec):
    """ann's induction is open. bob's is incomplete. ann may yet reach infusion 3, bob will not."""
    scores = """
        patient | day | timepoint | number | total | received
        --------+-----+-----------+--------+-------+---------
        ann     | 0   | pre       | 1      | 20    | 40
        ann     | 3   | fu        | 2      | 15    | 40
        bob     | 0   | pre       | 1      | 20    | 0
        bob     | 3   | fu        | 2      | 15    | 40
    """
    statuses = """
        patient | status
        --------+-----------------------
        ann     | infusions_not_recorded
        bob     | infusions_not_recorded
    """
    spec(measure="response_post_induction", as_of=40, scores=scores, endpoints=statuses)
    spec(measure="response_after_infusion_3", as_of=40, scores=scores, endpoints=statuses)


def test_9_an_open_induction_is_not_yet_due_and_a_closed_one_may_be_incomplete(spec):
    """Two infusions: ann was followed to day 35, bob to day 36."""
    spec(
        measure="response_post_induction",
        as_of=36,
        scores="""
            patient | day | timepoint | number | total | received
            --------+-----+-----------+--------+-------+---------
            ann     | 0   | pre       | 1      | 20    | 1
            ann     | 10  | pre       | 2      |       | 11
            bob     | 0   | pre       | 1      | 20    | 0
            bob     | 10  | pre       | 2      |       | 11
        """,
        endpoints="""
            patient | status
            --------+---------------------
            ann     | not_yet_due
            bob     | induction_incomplete
        """,
    )


def test_10_11_go_before_an_open_window(spec):
    """Both were followed to day 60. Both inductions are closed; the windows would be due on day 62."""
    spec(
        measure="response_post_induction",
        as_of=36,
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 24  | pre       | 3      |
            bob     | 0   | pre       | 1      | 20
            bob     | 24  | pre       | 9      |
        """,
        endpoints="""
            patient | status
            --------+---------------------
            ann     | induction_incomplete
            bob     | induction_extended
        """,
    )


def test_10_11_go_before_met(spec):
    scores = """
        patient | day | timepoint | number | total
        --------+-----+-----------+--------+------
        ann     | 0   | pre       | 1      | 20
        ann     | 24  | pre       | 3      |
        ann     | 50  | fu        |        | 9
        bob     | 0   | pre       | 1      | 20
        bob     | 24  | pre       | 9      |
        bob     | 50  | fu        |        | 9
    """
    strict = """
        patient | status
        --------+---------------------
        ann     | induction_incomplete
        bob     | induction_extended
    """
    any_length = """
        patient | status
        --------+---------------------
        ann     | induction_incomplete
        bob     | met
    """
    spec(measure="response_post_induction", scores=scores, endpoints=strict)
    spec(measure="response_post_induction_any_length", scores=scores, endpoints=any_length)


def test_10_11_do_not_touch_measures_that_need_no_induction(spec):
    spec(
        measure="response_of_starters",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 50  | fu        |        | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 24  | pre       | 9      |
            bob     | 50  | fu        |        | 9
        """,
        endpoints="""
            patient | status
            --------+-------
            ann     | met
            bob     | met
        """,
    )


def test_12_infusion_not_reached_whatever_the_scores(spec):
    """ann had four, bob five."""
    spec(
        measure="response_after_infusion_5",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 10  | pre       | 4      |
            ann     | 15  | fu        |        | 9
            bob     | 0   | pre       | 1      | 20
            bob     | 10  | pre       | 5      |
            bob     | 15  | fu        |        | 9
        """,
        endpoints="""
            patient | status
            --------+---------------------
            ann     | infusion_not_reached
            bob     | met
        """,
    )


def test_13_an_open_window_goes_before_every_kind_of_score(spec):
    """Week 6 is due from day 56. All were followed to day 55."""
    spec(
        measure="response_week_6",
        as_of=55,
        scores="""
            patient | day | timepoint | number | total | items     | recall               | received
            --------+-----+-----------+--------+-------+-----------+----------------------+---------
            ann     | 0   | pre       | 1      | 20    |           | two_weeks            | 0
            ann     | 42  | fu        |        | 9     |           | two_weeks            | 42
            bob     | 0   | pre       | 1      | 20    |           | two_weeks            | 0
            bob     | 42  | fu        |        | 9     |           | since_last_treatment | 42
            cat     | 0   | pre       | 1      | 20    |           | two_weeks            | 0
            cat     | 42  | fu        |        |       | 1........ | two_weeks            | 42
            dan     | 0   | pre       | 1      | 20    |           | two_weeks            | 0
        """,
        endpoints="""
            patient | status      | endpoint_day
            --------+-------------+-------------
            ann     | not_yet_due |
            bob     | not_yet_due |
            cat     | not_yet_due |
            dan     | not_yet_due |
        """,
    )


def test_14_a_usable_score_goes_before_every_unusable_one(spec):
    """Though the unusable ones come later."""
    spec(
        measure="response_week_6",
        scores="""
            day | timepoint | number | total | items     | recall
            ----+-----------+--------+-------+-----------+---------------------
            0   | pre       | 1      | 20    |           | two_weeks
            42  | fu        |        | 9     |           | two_weeks
            43  | fu        |        | 9     |           | since_last_treatment
            44  | fu        |        |       | 1........ | two_weeks
        """,
        endpoints="""
            status | endpoint_day
            -------+-------------
            met    | 42
        """,
    )


def test_15_altered_recall_goes_before_incomplete_form_whatever_the_day(spec):
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total | items     | recall
            --------+-----+-----------+--------+-------+-----------+---------------------
            ann     | 0   | pre       | 1      | 20    |           | two_weeks
            ann     | 42  | fu        |        | 9     |           | since_last_treatment
            ann     | 44  | fu        |        |       | 1........ | two_weeks
            bob     | 0   | pre       | 1      | 20    |           | two_weeks
            bob     | 42  | fu        |        |       | 1........ | two_weeks
            bob     | 44  | fu        |        | 9     |           | since_last_treatment
        """,
        endpoints="""
            patient | status
            --------+---------------
            ann     | altered_recall
            bob     | altered_recall
        """,
    )


def test_15_16_only_scores_of_the_window_count(spec):
    """Day 50 is just after week 6."""
    spec(
        measure="response_week_6",
        scores="""
            day | timepoint | number | total | items     | recall
            ----+-----------+--------+-------+-----------+---------------------
            0   | pre       | 1      | 20    |           | two_weeks
            34  | fu        |        |       | 1........ | two_weeks
            50  | fu        |        | 9     |           | since_last_treatment
        """,
        endpoints="""
            status
            ------------------
            no_score_in_window
        """,
    )


def test_15_16_a_score_with_two_faults_is_neither(spec):
    """ann's has both. bob's recall is altered too, but it is of the day of the infusion; so is cat's incomplete form."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total | items     | recall
            --------+-----+-----------+--------+-------+-----------+---------------------
            ann     | 0   | pre       | 1      | 20    |           | two_weeks
            ann     | 42  | fu        |        |       | 1........ | since_last_treatment
            bob     | 0   | pre       | 1      | 20    |           | two_weeks
            bob     | 42  | post      | 2      | 9     |           | since_last_treatment
            cat     | 0   | pre       | 1      | 20    |           | two_weeks
            cat     | 42  | post      | 2      |       | 1........ | two_weeks
        """,
        endpoints="""
            patient | status
            --------+-------------------
            ann     | no_score_in_window
            bob     | no_score_in_window
            cat     | no_score_in_window
        """,
    )


def test_16_a_form_with_one_answer_is_incomplete_and_a_row_with_none_is_no_form(spec):
    """One item answered, eight items, none."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total | items
            --------+-----+-----------+--------+-------+----------
            ann     | 0   | pre       | 1      | 20    |
            ann     | 42  | fu        |        |       | 1........
            bob     | 0   | pre       | 1      | 20    |
            bob     | 42  | fu        |        |       | 11111111.
            cat     | 0   | pre       | 1      | 20    |
            cat     | 42  | fu        |        |       |
        """,
        endpoints="""
            patient | status
            --------+-------------------
            ann     | incomplete_form
            bob     | incomplete_form
            cat     | no_score_in_window
        """,
    )


def test_16_for_an_item_9_measure_a_total_without_item_9_is_incomplete(spec):
    """For the response it is a score."""
    scores = """
        day | timepoint | number | total | item_9
        ----+-----------+--------+-------+-------
        0   | pre       | 1      | 20    | 2
        10  | pre       | 4      |       |
        30  | fu        |        | 9     |
    """
    incomplete = """
        status
        ---------------
        incomplete_form
    """
    met = """
        status
        ------
        met
    """
    spec(measure="suicidal_ideation_reduced_post_induction", scores=scores, endpoints=incomplete)
    spec(measure="response_post_induction", scores=scores, endpoints=met)


def test_17_no_score_at_all(spec):
    spec(
        measure="response_week_6",
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      | 20
        """,
        endpoints="""
            status
            ------------------
            no_score_in_window
        """,
    )
