"""R1: which rows tell of which infusion, and where the numbering starts again."""


def test_baseline_and_follow_up_rows_create_no_infusion(spec):
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | base      |        | 20
            40  | fu        | 4      | 9
        """,
        infusions="""
            patient | number | day
            --------+--------+----
        """,
        not_started="""
            patient
            -------
            ann
        """,
    )


def test_a_row_without_a_questionnaire_tells_of_an_infusion(spec):
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            0   | pre       | 1      |
            3   | post      | 2      |
        """,
        infusions="""
            run | number | day
            ----+--------+----
            1   | 1      | 0
            1   | 2      | 3
        """,
    )


def test_the_day_is_the_latest_pre_infusion_day(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 2
            5   | pre       | 2
            6   | post      | 2
        """,
        infusions="""
            number | day
            -------+----
            1      | 0
            2      | 5
        """,
    )


def test_without_a_pre_infusion_row_the_day_is_the_earliest_post_infusion_day(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            4   | post      | 2
            6   | post      | 2
        """,
        infusions="""
            number | day
            -------+----
            1      | 0
            2      | 4
        """,
    )


def test_infusion_1_of_the_first_run_is_on_day_0_even_with_no_row(spec):
    """ann has no row of infusion 1, bob only one of the day after."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 4   | pre       | 2
            bob     | 1   | post      | 1
        """,
        infusions="""
            patient | number | day
            --------+--------+----
            ann     | 1      | 0
            ann     | 2      | 4
            bob     | 1      | 0
        """,
    )


def test_skipped_numbers_are_not_known_infusions(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            10  | pre       | 4
        """,
        infusions="""
            number | day | ordinal
            -------+-----+--------
            1      | 0   | 1
            4      | 10  | 4
        """,
    )


def test_number_1_after_a_higher_number_starts_a_run_at_once(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 2
            4   | pre       | 1
        """,
        infusions="""
            run | number | day
            ----+--------+----
            1   | 1      | 0
            1   | 2      | 3
            2   | 1      | 4
        """,
    )


def test_a_lower_number_starts_a_run_only_over_28_days_after_the_last_infusion(spec):
    """ann after 28 days, bob after 29."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 6   | pre       | 3
            ann     | 34  | pre       | 2
            bob     | 0   | pre       | 1
            bob     | 6   | pre       | 3
            bob     | 35  | pre       | 2
        """,
        infusions="""
            patient | run | number | day
            --------+-----+--------+----
            ann     | 1   | 1      | 0
            ann     | 1   | 3      | 6
            bob     | 1   | 1      | 0
            bob     | 1   | 3      | 6
            bob     | 2   | 2      | 35
        """,
        set_aside="""
            patient | day | timepoint | number | reason
            --------+-----+-----------+--------+-----------------------------
            ann     | 34  | pre       | 2      | infusion_number_out_of_order
        """,
    )


def test_the_same_number_starts_a_run_only_over_28_days_later(spec):
    """ann came again after 28 days, to the same infusion; bob after 29."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 3   | pre       | 2
            ann     | 31  | pre       | 2
            bob     | 3   | pre       | 2
            bob     | 32  | pre       | 2
        """,
        infusions="""
            patient | run | number | day
            --------+-----+--------+----
            ann     | 1   | 1      | 0
            ann     | 1   | 2      | 31
            bob     | 1   | 1      | 0
            bob     | 1   | 2      | 3
            bob     | 2   | 2      | 32
        """,
    )


def test_number_1_again_starts_a_run_only_over_28_days_later(spec):
    """ann after 28 days, bob after 29."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 28  | pre       | 1
            bob     | 0   | pre       | 1
            bob     | 29  | pre       | 1
        """,
        infusions="""
            patient | run | number | day
            --------+-----+--------+----
            ann     | 1   | 1      | 0
            bob     | 1   | 1      | 0
            bob     | 2   | 1      | 29
        """,
        set_aside="""
            patient | day | timepoint | number | reason
            --------+-----+-----------+--------+----------------------------
            ann     | 28  | pre       | 1      | first_infusion_not_on_day_0
        """,
    )


def test_the_28_days_count_from_the_latest_pre_infusion_day(spec):
    """Infusion 2 was put off from day 3 to day 20, so day 40 is still the same infusion."""
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 2
            20  | pre       | 2
            40  | pre       | 2
        """,
        infusions="""
            run | number | day
            ----+--------+----
            1   | 1      | 0
            1   | 2      | 40
        """,
    )


def test_a_late_post_infusion_row_belongs_to_its_infusion(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            3   | pre       | 2
            7   | pre       | 3
            60  | post      | 2
        """,
        infusions="""
            run | number | day
            ----+--------+----
            1   | 1      | 0
            1   | 2      | 3
            1   | 3      | 7
        """,
        set_aside="""
            day | reason
            ----+-------
        """,
    )


def test_a_post_infusion_row_of_a_skipped_number_starts_a_run_only_after_28_days(spec):
    """ann after 28 days, bob after 29."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 6   | pre       | 3
            ann     | 34  | post      | 2
            bob     | 6   | pre       | 3
            bob     | 35  | post      | 2
        """,
        infusions="""
            patient | run | number | day
            --------+-----+--------+----
            ann     | 1   | 1      | 0
            ann     | 1   | 3      | 6
            bob     | 1   | 1      | 0
            bob     | 1   | 3      | 6
            bob     | 2   | 2      | 35
        """,
        set_aside="""
            patient | day | timepoint | number | reason
            --------+-----+-----------+--------+-----------------------------
            ann     | 34  | post      | 2      | infusion_number_out_of_order
        """,
    )


def test_a_row_of_a_lower_number_does_not_change_which_infusion_is_the_last(spec):
    """The last one is infusion 3 on day 6 throughout, so 28 days end on day 34, post row of infusion 2 or not."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 3   | pre       | 2
            ann     | 6   | pre       | 3
            ann     | 30  | post      | 2
            ann     | 34  | pre       | 2
            bob     | 3   | pre       | 2
            bob     | 6   | pre       | 3
            bob     | 30  | post      | 2
            bob     | 35  | pre       | 2
        """,
        infusions="""
            patient | run | number | day
            --------+-----+--------+----
            ann     | 1   | 1      | 0
            ann     | 1   | 2      | 3
            ann     | 1   | 3      | 6
            bob     | 1   | 1      | 0
            bob     | 1   | 2      | 3
            bob     | 1   | 3      | 6
            bob     | 2   | 2      | 35
        """,
        set_aside="""
            patient | day | reason
            --------+-----+-----------------------------
            ann     | 34  | infusion_number_out_of_order
        """,
    )


def test_on_one_day_the_lower_number_is_read_first(spec):
    """Both forms were dated with the day of the visit; nothing is out of order."""
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            6   | pre       | 3
            6   | post      | 2
        """,
        infusions="""
            run | number | day
            ----+--------+----
            1   | 1      | 0
            1   | 2      | 6
            1   | 3      | 6
        """,
    )


def test_a_pre_infusion_row_after_a_post_infusion_row_of_the_same_infusion_is_set_aside(spec):
    """ann the day after; bob on the same day, where pre is read before post."""
    spec(
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 4   | post      | 2
            ann     | 5   | pre       | 2
            bob     | 4   | post      | 2
            bob     | 4   | pre       | 2
        """,
        infusions="""
            patient | number | day
            --------+--------+----
            ann     | 1      | 0
            ann     | 2      | 4
            bob     | 1      | 0
            bob     | 2      | 4
        """,
        set_aside="""
            patient | day | timepoint | number | reason
            --------+-----+-----------+--------+---------------------------------
            ann     | 5   | pre       | 2      | pre_infusion_after_post_infusion
        """,
    )


def test_infusion_1_set_aside_for_two_reasons_names_the_first(spec):
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            0   | post      | 1
            2   | pre       | 1
        """,
        set_aside="""
            day | timepoint | number | reason
            ----+-----------+--------+----------------------------
            2   | pre       | 1      | first_infusion_not_on_day_0
        """,
    )


def test_a_patient_whose_every_infusion_row_is_set_aside_has_not_started(spec):
    spec(
        scores="""
            day | timepoint | number | total
            ----+-----------+--------+------
            3   | pre       | 1      | 20
        """,
        set_aside="""
            day | timepoint | number | reason
            ----+-----------+--------+----------------------------
            3   | pre       | 1      | first_infusion_not_on_day_0
        """,
        not_started="""
            patient
            -------
            ann
        """,
    )


def test_a_row_that_is_set_aside_leaves_no_trace(spec):
    """Had day 30 counted, day 50 would be 20 days after an infusion; so it is 44 after the last and starts a run."""
    spec(
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            6   | pre       | 3
            30  | pre       | 2
            50  | pre       | 2
        """,
        infusions="""
            run | number | day
            ----+--------+----
            1   | 1      | 0
            1   | 3      | 6
            2   | 2      | 50
        """,
        set_aside="""
            day | number | reason
            ----+--------+-----------------------------
            30  | 2      | infusion_number_out_of_order
        """,
    )


def test_the_day_of_a_row_that_is_set_aside_still_tells_how_far_the_patient_was_followed(spec):
    spec(
        as_of=0,
        scores="""
            day | timepoint | number
            ----+-----------+-------
            0   | pre       | 1
            6   | pre       | 3
            30  | pre       | 2
        """,
        courses="""
            course | followed_until | infusions
            -------+----------------+----------
            1      | 30             | 3
        """,
    )


def test_the_drug_is_the_first_in_alphabetical_order_else_the_clinics(spec):
    spec(
        clinics="""
            clinic | drug
            -------+------------
            c1     | ketamine_iv
        """,
        scores="""
            day | timepoint | number | drug
            ----+-----------+--------+-----------------
            0   | pre       | 1      |
            3   | pre       | 2      | ketamine_iv
            3   | post      | 2      | esketamine_nasal
        """,
        infusions="""
            number | drug
            -------+-----------------
            1      | ketamine_iv
            2      | esketamine_nasal
        """,
    )


def test_infusion_1_with_no_row_has_the_drug_of_the_next_known_one(spec):
    spec(
        scores="""
            day | timepoint | number | drug
            ----+-----------+--------+-----------------
            3   | pre       | 3      | esketamine_nasal
        """,
        infusions="""
            number | day | drug
            -------+-----+-----------------
            1      | 0   | esketamine_nasal
            3      | 3   | esketamine_nasal
        """,
    )


def test_infusion_1_with_no_row_has_the_clinics_drug_where_the_next_known_one_names_none(spec):
    """Infusion 2 is the next known one; that infusion 3 names another drug says nothing about it."""
    spec(
        scores="""
            day | timepoint | number | drug
            ----+-----------+--------+-----------------
            3   | pre       | 2      |
            7   | pre       | 3      | esketamine_nasal
        """,
        infusions="""
            number | day | drug
            -------+-----+-----------------
            1      | 0   | ketamine_iv
            2      | 3   | ketamine_iv
            3      | 7   | esketamine_nasal
        """,
    )


def test_the_same_name_at_two_clinics_is_two_patients(spec):
    spec(
        scores="""
            clinic | patient | day | timepoint | number
            -------+---------+-----+-----------+-------
            c1     | ann     | 0   | pre       | 1
            c2     | ann     | 0   | pre       | 1
            c2     | ann     | 3   | pre       | 2
        """,
        infusions="""
            clinic | patient | number | day
            -------+---------+--------+----
            c1     | ann     | 1      | 0
            c2     | ann     | 1      | 0
            c2     | ann     | 2      | 3
        """,
    )
