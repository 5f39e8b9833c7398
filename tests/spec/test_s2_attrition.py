"""Who was taken out on the way to a rate, how ill the rest were at the start, and the rate in each stratum."""

# One course for most of the reasons; all but the first two patients are taken out.
MANY = """
    patient  | day | timepoint | number | total | drug
    ---------+-----+-----------+--------+-------+-----------
    met      | 0   | pre       | 1      | 20    |
    met      | 10  | pre       | 4      |       |
    met      | 30  | fu        |        | 8     |
    not      | 0   | pre       | 1      | 20    |
    not      | 10  | pre       | 4      |       |
    not      | 30  | fu        |        | 18    |
    again    | 0   | pre       | 1      | 20    |
    again    | 10  | pre       | 4      |       |
    again    | 30  | fu        |        | 8     |
    again    | 150 | pre       | 5      | 20    |
    spray    | 0   | pre       | 1      | 20    | esketamine
    nothing  | 0   | pre       | 1      |       |
    old      | -31 | base      |        | 20    |
    old      | 0   | pre       | 1      |       |
    well     | 0   | pre       | 1      | 0     |
    three    | 0   | pre       | 1      | 20    |
    three    | 10  | pre       | 3      |       |
    nine     | 0   | pre       | 1      | 20    |
    nine     | 27  | pre       | 9      |       |
    silent   | 0   | pre       | 1      | 20    |
    silent   | 10  | pre       | 4      |       |
    silenced | 0   | pre       | 1      | 20    |
    silenced | 10  | pre       | 4      |       |
    waiting  | -1  | base      |        | 7     |
"""


def test_every_status_of_r10_takes_out_its_courses_in_order(spec):
    """Twelve courses of eleven patients; `waiting` never started and has none. not_yet_due is there once."""
    spec(
        measure="response_post_induction",
        scores=MANY,
        attrition="""
            status                           | courses | remaining
            ---------------------------------+---------+----------
            started                          | 12      | 12
            repeat_course                    | 1       | 11
            other_drug                       | 1       | 10
            no_baseline                      | 1       | 9
            baseline_too_old                 | 1       | 8
            baseline_below_minimum           | 1       | 7
            item_9_not_available             | 0       | 7
            no_suicidal_ideation_at_baseline | 0       | 7
            infusions_not_recorded           | 0       | 7
            not_yet_due                      | 0       | 7
            induction_incomplete             | 1       | 6
            induction_extended               | 1       | 5
            infusion_not_reached             | 0       | 5
            altered_recall                   | 0       | 5
            incomplete_form                  | 0       | 5
            no_score_in_window               | 2       | 3
            in the result                    | 3       | 3
        """,
    )


def test_a_survival_measure_counts_events_and_censored_and_takes_out_who_did_not_respond(spec):
    spec(
        measure="sustained_response_4_weeks",
        only={"courses": 2},
        scores=MANY,
        attrition="""
            status             | courses | remaining
            -------------------+---------+----------
            no_score_in_window | 2       | 2
            in the result      | 2       | 2
        """,
    )
    spec(
        measure="sustained_response_4_weeks",
        only={"status": "not_a_responder"},
        scores=MANY,
        attrition="""
            status          | courses
            ----------------+--------
            not_a_responder | 1
        """,
    )


def test_a_measure_of_change_counts_whom_it_has_a_change_of(spec):
    spec(
        measure="mean_change_post_induction",
        only={"status": "in the result"},
        scores=MANY,
        attrition="""
            status        | courses | remaining
            --------------+---------+----------
            in the result | 3       | 3
        """,
    )


def test_the_bands_of_the_baseline_at_both_sides_of_each_boundary(spec):
    """Everyone is seen at week 6 with half of the baseline or less, but at 15 (8 is over half) and 4 (no score)."""
    spec(
        measure="response_week_6",
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            p04     | 0   | pre       | 1      | 4
            p05     | 0   | pre       | 1      | 5
            p05     | 42  | fu        |        | 2
            p09     | 0   | pre       | 1      | 9
            p09     | 42  | fu        |        | 4
            p10     | 0   | pre       | 1      | 10
            p10     | 42  | fu        |        | 5
            p14     | 0   | pre       | 1      | 14
            p14     | 42  | fu        |        | 7
            p15     | 0   | pre       | 1      | 15
            p15     | 42  | fu        |        | 8
            p19     | 0   | pre       | 1      | 19
            p19     | 42  | fu        |        | 9
            p20     | 0   | pre       | 1      | 20
            p20     | 42  | fu        |        | 10
            p27     | 0   | pre       | 1      | 27
            p27     | 42  | fu        |        | 13
        """,
        case_mix="""
            band  | due | observed | met | rate | low    | high
            ------+-----+----------+-----+------+--------+-------
            0-4   | 1   | 0        | 0   |      |        |
            5-9   | 2   | 2        | 2   | 1.0  | 0.3424 | 1.0
            10-14 | 2   | 2        | 2   | 1.0  | 0.3424 | 1.0
            15-19 | 2   | 2        | 1   | 0.5  | 0.0945 | 0.9055
            20-27 | 2   | 2        | 2   | 1.0  | 0.3424 | 1.0
            all   | 9   | 8        | 7   | 0.88 | 0.5291 | 0.9776
        """,
    )


def test_the_mean_baseline_is_of_those_who_were_observed(spec):
    """10 and 20, and not the 27 without a score at week 6. One alone has no standard deviation."""
    spec(
        measure="response_week_6",
        scores="""
            clinic | patient | day | timepoint | number | total
            -------+---------+-----+-----------+--------+------
            c1     | ann     | 0   | pre       | 1      | 10
            c1     | ann     | 42  | fu        |        | 5
            c1     | bob     | 0   | pre       | 1      | 27
            c2     | cat     | 0   | pre       | 1      | 20
            c2     | cat     | 42  | fu        |        | 5
        """,
        only={"band": "all"},
        case_mix="""
            clinic | observed | mean_baseline | sd_baseline
            -------+----------+---------------+------------
            *      | 2        | 15.0          | 7.0711
            c1     | 1        | 10.0          |
            c2     | 1        | 20.0          |
        """,
    )


def test_what_scores_alone_say_of_a_course(spec):
    """Infusions are those of the induction, so ann's maintenance infusion does not make her a six."""
    spec(
        scores="""
            patient | day | timepoint | number | total | drug
            --------+-----+-----------+--------+-------+-----------
            ann     | 0   | pre       | 1      | 20    |
            ann     | 10  | pre       | 5      |       |
            ann     | 40  | pre       | 6      |       |
            bob     | -31 | base      |        | 20    |
            bob     | 0   | pre       | 1      |       | esketamine
            cat     | 0   | pre       | 1      | 4     |
            cat     | 15  | pre       | 6      |       |
        """,
        stratum="""
            patient | course | dimension           | stratum
            --------+--------+---------------------+-----------------
            ann     | 1      | drug                | ketamine_iv
            ann     | 1      | infusions_completed | 4-5
            bob     | 1      | drug                | esketamine_nasal
            bob     | 1      | infusions_completed | 1-3
            cat     | 1      | drug                | ketamine_iv
            cat     | 1      | infusions_completed | 6-8
        """,
    )


def test_the_rate_in_each_stratum(spec):
    """Of three who were given one to three infusions one met, one did not, one is missing."""
    spec(
        measure="response_week_6",
        only={"dimension": "infusions_completed"},
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 42  | fu        |        | 8
            bob     | 0   | pre       | 1      | 20
            bob     | 10  | pre       | 3      |
            bob     | 42  | fu        |        | 18
            cat     | 0   | pre       | 1      | 20
            dan     | 0   | pre       | 1      | 20
            dan     | 15  | pre       | 6      |
            dan     | 42  | fu        |        | 8
        """,
        stratum_rate="""
            stratum | due | observed | missing | met | observed_rate | observed_low | observed_high | everyone_rate | everyone_low | everyone_high
            --------+-----+----------+---------+-----+---------------+--------------+---------------+---------------+--------------+--------------
            1-3     | 3   | 2        | 1       | 1   | 0.5           | 0.0945       | 0.9055        | 0.3333        | 0.0615       | 0.7923
            6-8     | 1   | 1        | 0       | 1   | 1.0           | 0.2065       | 1.0           | 1.0           | 0.2065       | 1.0
        """,
    )
