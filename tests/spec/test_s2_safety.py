"""What happened at infusions, and how often somebody said whether it did."""


def test_one_yes_of_an_infusion_is_a_yes(spec):
    """Infusion 1: no before, yes after. Infusion 2: no. Infusion 3: not answered. One of two answered."""
    spec(
        only={"event": "nausea"},
        scores="""
            day | timepoint | number | total | nausea
            ----+-----------+--------+-------+-------
            0   | pre       | 1      | 20    | F
            0   | post      | 1      |       | T
            3   | pre       | 2      |       |
            3   | post      | 2      |       | F
            6   | pre       | 3      |       |
        """,
        safety="""
            event  | infusions | answered | happened | share | low    | high
            -------+-----------+----------+----------+-------+--------+-------
            nausea | 3         | 2        | 1        | 0.5   | 0.0945 | 0.9055
        """,
    )


def test_each_event_has_its_own_denominator(spec):
    """Nobody answered about blood pressure: that is no 0%."""
    spec(
        scores="""
            day | timepoint | number | dissociation | nausea | serious_adverse_event
            ----+-----------+--------+--------------+--------+----------------------
            0   | pre       | 1      | T            | F      | F
            3   | pre       | 2      | T            |        | F
        """,
        safety="""
            event                 | infusions | answered | happened | share | low    | high
            ----------------------+-----------+----------+----------+-------+--------+-------
            dissociation          | 2         | 2        | 2        | 1.0   | 0.3424 | 1.0
            nausea                | 2         | 1        | 0        | 0.0   | 0.0    | 0.7935
            blood_pressure_raised | 2         | 0        | 0        |       |        |
            serious_adverse_event | 2         | 2        | 0        | 0.0   | 0.0    | 0.6576
        """,
    )


def test_only_rows_of_an_infusion_tell_of_it(spec):
    """Infusions 2 and 3 were skipped, so nobody was asked. A follow-up that carries the number 4 is not of infusion 4, and
    the row of day 12, which falls back to number 2, is set aside."""
    spec(
        only={"event": "nausea"},
        scores="""
            day | timepoint | number | nausea
            ----+-----------+--------+-------
            0   | pre       | 1      | F
            10  | pre       | 4      | F
            11  | fu        | 4      | T
            12  | pre       | 2      | T
        """,
        safety="""
            infusions | answered | happened
            ----------+----------+---------
            2         | 2        | 0
        """,
        set_aside="""
            day | reason
            ----+-----------------------------
            12  | infusion_number_out_of_order
        """,
    )


def test_an_infusion_that_is_known_only_by_the_next_one_was_not_asked_about(spec):
    """Infusion 1 has no row: it counts as given, and is no part of this."""
    spec(
        only={"event": "nausea"},
        scores="""
            day | timepoint | number | nausea
            ----+-----------+--------+-------
            3   | pre       | 2      | F
        """,
        safety="""
            infusions | answered | happened
            ----------+----------+---------
            1         | 1        | 0
        """,
    )


def test_every_infusion_counts_whatever_course_and_drug(spec):
    """A second course, and one of esketamine at another clinic."""
    spec(
        only={"event": "nausea"},
        scores="""
            clinic | patient | day | timepoint | number | nausea | drug
            -------+---------+-----+-----------+--------+--------+-----------
            c1     | ann     | 0   | pre       | 1      | F      |
            c1     | ann     | 200 | pre       | 1      | T      |
            c2     | bob     | 0   | pre       | 1      | F      | esketamine
        """,
        safety="""
            clinic | infusions | answered | happened
            -------+-----------+----------+---------
            *      | 3         | 3        | 1
            c1     | 2         | 2        | 1
            c2     | 1         | 1        | 0
        """,
    )


def test_two_forms_of_one_infusion_are_one_infusion_though_a_course_starts_between_them(spec):
    """The day of infusion 3 is its latest pre_infusion day, 138, over 90 days after infusion 2: a course starts there. Its form of day
    115 is before that, and still of infusion 3: not of the first infusion, whose ordinal it would have."""
    spec(
        only={"event": "nausea"},
        scores="""
            day | timepoint | number | nausea
            ----+-----------+--------+-------
            0   | pre       | 1      | T
            3   | pre       | 2      | F
            115 | pre       | 3      | T
            138 | pre       | 3      | F
        """,
        infusions="""
            number | day | course
            -------+-----+-------
            1      | 0   | 1
            2      | 3   | 1
            3      | 138 | 2
        """,
        safety="""
            infusions | answered | happened
            ----------+----------+---------
            3         | 3        | 2
        """,
    )
