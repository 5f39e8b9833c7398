"""The words that are used here with one meaning each, in the order in which they explain each other."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "arrival": "One file as it was received, known by the SHA-256 of its bytes.",
    "score": "One row: one PHQ-9 assessment of one patient, or an infusion given with no questionnaire.",
    "quarantine": "Rows set aside, each with every reason; a file that cannot be read at all is refused.",
    "course": "One patient's series of infusions: induction and the maintenance that follows. A re-induction is a new course.",
    "phase": "Where a score lies in its course: baseline, induction, post_induction or maintenance.",
    "measure": "A definition: who counts, which score is the endpoint, and what must be true of it.",
    "endpoint": "The score that a measure picks for a course, or the reason why there is none.",
    "rate": "Numerator over denominator for a measure in a group, with its interval and its bounds.",
    "benchmark": "A published rate with its own definition, population and uncertainty.",
    "claim": "A percentage without instrument, denominator or n: shown as a claim, never compared.",
    "comparison": "A rate against a benchmark: a verdict, or a refusal with the reason.",
    "provisional": "What a night says before a release locks it.",
    "release": "A locked set of rates and verdicts that never changes; a correction is a new release.",
    "published copy": "The DuckDB file that auditors open.",
    "warehouse": "The nightly run's own DuckDB file, of which the published copy is a copy.",
}
