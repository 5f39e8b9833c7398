"""The clinics beside each other. Flags go by exact tails; from ten clinics up, where they spread more than chance, by how far they usually spread.

A clinic is drawn as `met of n` at week 6: those who met it fell from 20 to 8, the others to 18.
"""

MEASURE = "response_week_6"


def clinics(**counts: tuple[int, int]) -> str:
    """Rows of so many patients of each clinic."""
    rows = [
        f"{clinic} | p{i:02} | {day} | {what}"
        for clinic, (met, n) in counts.items()
        for i in range(n)
        for day, what in ((0, "pre | 1 | 20"), (42, f"fu | | {8 if i < met else 18}"))
    ]
    return "clinic | patient | day | timepoint | number | total\n---\n" + "\n".join(rows)


def test_tails_and_lines_about_the_pooled_rate(spec):
    """10 of 16 is 0.625. 0.625^8 = 0.0233: all eight is an alert; two of eight, with 0.0360 at most so many, is not.
    Lines: 0.625 +- 1.96 x 0.1712, and 3.09 times, cut at 1."""
    spec(
        measure=MEASURE,
        scores=clinics(c1=(8, 8), c2=(2, 8)),
        funnel="""
            clinic | met | n | rate | target | tail_low | tail_high | low95 | high95 | low998 | high998 | flag
            -------+-----+---+------+--------+----------+-----------+-------+--------+--------+---------+------------
            c1     | 8   | 8 | 1.0  | 0.625  | 1.0      | 0.0233    | 0.290 | 0.960  | 0.096  | 1.0     | alert_above
            c2     | 2   | 8 | 0.25 | 0.625  | 0.0360   | 0.9944    | 0.290 | 0.960  | 0.096  | 1.0     | in_line
        """,
    )


def test_the_spread_of_two_clinics_is_told_and_not_used(spec):
    """z = (asin 1 - 0.9117) x 2 sqrt 8 = 3.728 and -2.196, drawn in to their tenth and ninetieth percentiles 3.136 and -1.603:
    phi = 6.202. tau^2 = (2 x 6.202 - 1) / (64 - 32)."""
    spec(
        measure=MEASURE,
        scores=clinics(c1=(8, 8), c2=(2, 8)),
        funnel_measure="""
            clinics | target | phi   | tau_squared | method
            --------+--------+-------+-------------+------------
            2       | 0.625  | 6.202 | 0.3564      | exact_tails
        """,
    )


def test_an_alarm_is_one_in_a_thousand(spec):
    """0.5^10 = 0.00098 is, 0.5^9 = 0.00195 is not."""
    spec(
        measure=MEASURE,
        scores=clinics(c1=(10, 10), c2=(0, 10), c3=(9, 9), c4=(0, 9)),
        funnel="""
            clinic | tail_low | tail_high | flag
            -------+----------+-----------+------------
            c1     | 1.0      | 0.00098   | alarm_above
            c2     | 0.00098  | 1.0       | alarm_below
            c3     | 1.0      | 0.00195   | alert_above
            c4     | 0.00195  | 1.0       | alert_below
        """,
    )


def test_a_clinic_that_could_not_be_flagged_whatever_it_did_is_not_assessable(spec):
    """At 0.5, five of five happens to 0.031 and could never be an alert; with six it can (0.016)."""
    spec(
        measure=MEASURE,
        scores=clinics(c1=(5, 5), c2=(1, 6), c3=(0, 1)),
        funnel="""
            clinic | met | n | target | flag
            -------+-----+---+--------+---------------
            c1     | 5   | 5 | 0.5    | not_assessable
            c2     | 1   | 6 | 0.5    | in_line
            c3     | 0   | 1 | 0.5    | not_assessable
        """,
    )


def test_one_clinic_is_its_own_target(spec):
    """A second clinic without anyone to count is not in the funnel."""
    spec(
        measure=MEASURE,
        scores=clinics(c1=(3, 8)) + "\nc2 | q01 | 0 | pre | 1 | 0",
        funnel="""
            clinic | rate  | target | flag
            -------+-------+--------+--------
            c1     | 0.375 | 0.375  | in_line
        """,
        funnel_measure="""
            clinics | phi | tau_squared | method
            --------+-----+-------------+------------
            1       | 0.0 | 0.0         | exact_tails
        """,
    )


def test_where_everybody_met_it_there_is_nothing_to_flag(spec):
    """Target 1: every tail is 1, and no spread at all."""
    spec(
        measure=MEASURE,
        scores=clinics(c1=(8, 8), c2=(2, 2)),
        funnel="""
            clinic | target | tail_low | tail_high | low95 | high95 | flag
            -------+--------+----------+-----------+-------+--------+--------
            c1     | 1.0    | 1.0      | 1.0       | 1.0   | 1.0    | in_line
            c2     | 1.0    | 1.0      | 1.0       | 1.0   | 1.0    | in_line
        """,
        funnel_measure="""
            target | phi | tau_squared
            -------+-----+------------
            1.0    | 0.0 | 0.0
        """,
    )


def test_from_ten_clinics_up_the_usual_spread_is_no_alert(spec):
    """Five clinics with 9 of 10 and five with 1 of 10: z = 2.932 each, phi = 8.599, tau^2 = (85.99 - 9) / (400 - 40).
    sqrt(0.025 + 0.2139) = 0.4887, and all lie 0.4636 from the middle."""
    counts = {f"c{i}": (9, 10) for i in range(5)} | {f"c{i}": (1, 10) for i in range(5, 10)}
    spec(
        measure=MEASURE,
        scores=clinics(**counts),
        funnel_measure="""
            clinics | target | phi   | tau_squared | method
            --------+--------+-------+-------------+--------------
            10      | 0.5    | 8.599 | 0.2139      | overdispersed
        """,
        funnel="""
            clinic | met | tail_high | low95 | high95 | flag
            -------+-----+-----------+-------+--------+--------
            c0     | 9   | 0.0107    | 0.0   | 1.0    | in_line
            c1     | 9   | 0.0107    | 0.0   | 1.0    | in_line
            c2     | 9   | 0.0107    | 0.0   | 1.0    | in_line
            c3     | 9   | 0.0107    | 0.0   | 1.0    | in_line
            c4     | 9   | 0.0107    | 0.0   | 1.0    | in_line
            c5     | 1   | 0.9990    | 0.0   | 1.0    | in_line
            c6     | 1   | 0.9990    | 0.0   | 1.0    | in_line
            c7     | 1   | 0.9990    | 0.0   | 1.0    | in_line
            c8     | 1   | 0.9990    | 0.0   | 1.0    | in_line
            c9     | 1   | 0.9990    | 0.0   | 1.0    | in_line
        """,
    )


def test_nine_clinics_are_too_few_to_say_what_is_usual(spec):
    """The same without the last: exact tails at 49 of 90, where 9 of 10 happens to 0.0214 and 1 of 10 to 0.0050."""
    counts = {f"c{i}": (9, 10) for i in range(5)} | {f"c{i}": (1, 10) for i in range(5, 9)}
    spec(
        measure=MEASURE,
        scores=clinics(**counts),
        funnel_measure="""
            clinics | method
            --------+------------
            9       | exact_tails
        """,
        funnel="""
            clinic | flag
            -------+------------
            c0     | alert_above
            c1     | alert_above
            c2     | alert_above
            c3     | alert_above
            c4     | alert_above
            c5     | alert_below
            c6     | alert_below
            c7     | alert_below
            c8     | alert_below
        """,
    )


def test_ten_clinics_that_do_not_spread_keep_exact_tails(spec):
    """Nine with 5 of 10 and one with 10 of 10: winsorising draws the tenth in, K phi stays below K - 1, and it is flagged.
    P(10 of 10) at 0.55 is 0.0025."""
    counts = {f"c{i}": (5, 10) for i in range(9)} | {"c9": (10, 10)}
    spec(
        measure=MEASURE,
        scores=clinics(**counts),
        only={"met": 10},
        funnel_measure="""
            clinics | tau_squared | method
            --------+-------------+------------
            10      | 0.0         | exact_tails
        """,
        funnel="""
            clinic | tail_high | flag
            -------+-----------+------------
            c9     | 0.0025    | alert_above
        """,
    )


def test_where_everyone_due_is_the_denominator_the_missing_are_in_it(spec):
    spec(
        measure="response_of_starters",
        scores=clinics(c1=(1, 1), c2=(1, 2)) + "\nc1 | q01 | 0 | pre | 1 | 20",
        funnel="""
            clinic | met | n
            -------+-----+--
            c1     | 1   | 2
            c2     | 1   | 2
        """,
    )
