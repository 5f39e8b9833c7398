"""Every reason code with its sentence: what a clinic reads beside a row or file that was not taken.

A sentence says what would be accepted. It never holds a value.
"""

from __future__ import annotations

from typing import NamedTuple

from schemas.contracts import RULES
from schemas.feeds import of_one_feed


class Reason(NamedTuple):
    """`about` is what the code is said of: cell, row, warning, file, note, event, status, verdict, erasure or treatment of a rule."""

    code: str
    about: str
    sentence: str


REASONS = [
    # of the contracts: cells and rows
    *(Reason(rule.code, rule.about, rule.sentence) for rule in RULES.values()),
    # rows, against the patient's other rows
    Reason("infusion_number_out_of_order", "row", "the infusion number falls within 28 days and is not 1"),
    Reason("first_infusion_not_on_day_0", "row", "infusion 1 is day 0: the days are not counted from the first infusion"),
    Reason("pre_infusion_after_post_infusion", "row", "dated after the post_infusion row of the same infusion"),
    # rows, by their source's profile
    Reason("not_in_codes", "cell", "not one of the texts that the source profile knows: add it there, or leave it empty"),
    Reason("event_unknown", "row", "an event that the source profile does not know: add it there"),
    Reason("date_not_readable", "cell", "not a date of the calendar in the format that is expected (2024-03-17), or empty"),
    Reason("day_zero_unknown", "cell", "a date without the date of the patient's first infusion: send the row of infusion 1 in the same file, or days"),
    # rows that a FHIR file tells of in several ways
    Reason("not_finished", "row", "not finished: a questionnaire is completed or amended, an observation final, amended or corrected"),
    Reason("answers_conflict", "row", "one question has two answers, or the parts are not of one patient and day"),
    Reason("code_mismatch", "row", "a code, its words, its weight, its unit or its value say different things: they must agree"),
    Reason("form_not_known", "row", "called a PHQ-9, or like one, and not of a form that is known: every question and answer must be of the PHQ-9"),
    Reason("part_missing", "row", "a part that it names is not in the file: send all parts of a form in one file"),
    Reason("two_versions", "row", "two versions of it, and no version number or time that says which is the last"),
    Reason("deleted_in_source", "row", "deleted: send it with the status entered-in-error in place of that"),
    Reason("not_json", "row", "not one whole JSON object with each of its keys once"),
    # rows of a file that is read again
    Reason("superseded_since", "row", "the file was read again, and a row of another file has the same key and other values: send this one again, marked corrected, if it is the right one"),
    Reason("merged_rows_contradict", "row", "another row of the same questionnaire, sent under a pseudonym joined with this one, has other values: have one of them retracted"),
    Reason("merged_day_out_of_range", "row", "outside -400 to 3650, or an infusion before day 0, on the scale it was moved to: the day offset of the join or split is wrong"),
    # rows that count, and should be looked at
    Reason("two_infusions_on_a_day", "warning", "an infusion on the same day as the one before it"),
    Reason("infusion_number_goes_back", "warning", "its infusion number is below that of the latest infusion on an earlier day"),
    Reason("infusion_number_skipped", "warning", "the number before it has no row: that infusion counts as given on an unknown day"),
    Reason("infusion_1_not_on_record", "warning", "infusion 1 has no row: it counts as given on day 0"),
    Reason("infusion_before_day_0", "warning", "an infusion before day 0, which is the first infusion"),
    Reason("follow_up_before_first_infusion", "warning", "a follow_up row before the first infusion"),
    Reason("baseline_after_first_infusion", "warning", "a baseline row after the first infusion, and not shortly before another course"),
    Reason("same_day_scores_differ", "warning", "another form of the same day, neither of them from after an infusion, has another total"),
    Reason("replaced_by_older_export", "warning", "it took the place of a row of a later export, by extract_day: a stale file may have turned the value back"),
    Reason("pseudonym_at_another_clinic", "warning", "another clinic uses the same pseudonym: the two count as two patients"),
    Reason("volume_far_above_usual", "warning", "over five times the rows that the clinic usually sends in a night were taken"),
    Reason("volume_far_below_usual", "warning", "under a fifth of the rows that the clinic usually sends in a night were taken"),
    Reason("missingness_far_above_usual", "warning", "20 points more of its rows than usual came without a total: an incomplete form, or an infusion with no questionnaire"),
    Reason("merged_patients_differ", "warning", "sex or age differ from those that stand of the joined patient"),
    # files
    Reason("unknown_column", "file", "a column is not of the contract: the closed list is what keeps identifiers out"),
    Reason("missing_column", "file", "a column that the feed needs is missing, or no column tells which feed it is"),
    Reason("mixed_feeds", "file", of_one_feed()),
    Reason("duplicate_column", "file", "two columns have the same name"),
    Reason("which_profile", "file", "its columns fit several source profiles, and its pseudonyms do not tell which: give each profile its patient_ids"),
    Reason("profile_unconfirmed", "file", "a person must check its source profile first, and set confirmed = true in clinics.toml"),
    Reason("no_header", "file", "the first line is not a header: it must name the columns"),
    Reason("empty_file", "file", "the file holds nothing"),
    Reason("not_utf8", "file", "not UTF-8 text: export again as UTF-8"),
    Reason("holds_nul", "file", "the text holds NUL characters"),
    Reason("truncated", "file", "the compressed file is damaged or cut short: send it again"),
    Reason("too_large", "file", "larger than a file may be, or grows too much when unpacked"),
    Reason("unknown_format", "file", "not CSV, Excel (.xlsx), JSON (lines or a list of records), FHIR in JSON, Parquet or Arrow, as such or as the one file in a gzip or zip without password"),
    Reason("sheet_unclear", "file", "an Excel file may have one sheet with data, or one called scores or patients, and none that is hidden"),
    Reason("not_readable", "file", "the file could not be read in its format"),
    Reason("identifier", "file", "a cell has the shape of an identifier: no such data may be sent"),
    Reason("unknown_element", "file", "an element of FHIR that is not of the closed list: PHQ-9s are taken as QuestionnaireResponse and Observation, with no narrative, note or name"),
    Reason("no_phq9", "file", "no questionnaire or observation in it is a PHQ-9, by its codes and linkIds"),
    Reason("redcap_two_forms", "file", "the PHQ-9 form is in it twice, under two names, and both have answers: export one of them"),
    Reason("difficulty_coding", "file", "phq9_how_difficult holds a 0, and REDCap's shared form codes it 1 to 4: give it another name in the source profile"),
    Reason("coding_shift", "file", "items hold a 4 and no 0: they are coded 1 to 4 in place of 0 to 3"),
    Reason("totals_shifted", "file", "every total is the sum of its items and 9: the totals are of items coded 1 to 4, the items of 0 to 3"),
    Reason("item_column_twice", "file", "two items have the same answer in every form: one column was sent twice"),
    Reason("one_fault_all_through", "file", "over half of the rows have the same fault: the file is not what its columns say; correct how it is made"),
    Reason("nearly_all_bad", "file", "over nine tenths of the rows have a fault: correct how the file is made"),
    # notes
    Reason("blanks_trimmed", "note", "blanks around a value were left out"),
    Reason("decimal_zero", "note", "a whole number was written with a decimal zero, as 3.0"),
    Reason("answer_in_words", "note", "an answer in words was read as its number"),
    Reason("declared_missing", "note", "a code for missing (7, 9, 99, -, ^, Not Answered) was read as not answered"),
    Reason("column_renamed", "note", "a column was known under another spelling of its name"),
    Reason("difficulty_shifted", "note", "the difficulty of REDCap's shared form is coded 1 to 4 and was read as 0 to 3"),
    # events
    Reason("corrected", "event", "a later row with the same key and other values stands in its place"),
    Reason("retracted", "event", "a later row with the same key was marked entered_in_error"),
    Reason("reinstated", "event", "the row that stood in its place was set aside, or is read otherwise"),
    Reason("read_again", "event", "its file was read again, and that row of it is now another or set aside"),
    Reason("merged_duplicate", "event", "the same row was sent under a pseudonym joined with this one: counted once"),
    # statuses of an endpoint
    Reason("repeat_course", "status", "not the patient's first course"),
    Reason("other_drug", "status", "the first infusion was not of the measure's drug"),
    Reason("no_baseline", "status", "no usable score at or before the first infusion"),
    Reason("baseline_too_old", "status", "the only usable scores before the first infusion are older than the look-back"),
    Reason("baseline_below_minimum", "status", "the baseline is below the least the measure asks for"),
    Reason("item_9_not_available", "status", "no baseline with item 9"),
    Reason("no_suicidal_ideation_at_baseline", "status", "item 9 was 0 at baseline"),
    Reason("infusions_not_recorded", "status", "a follow-up names an infusion that no row tells of"),
    Reason("not_yet_due", "status", "the window, or the induction, is still open"),
    Reason("induction_incomplete", "status", "fewer than 4 infusions, or all within 7 days"),
    Reason("induction_extended", "status", "more than 8 infusions, or they ran on past 28 days"),
    Reason("infusion_not_reached", "status", "the course ended before infusion k"),
    Reason("not_a_responder", "status", "did not meet the measure whose responders are followed"),
    Reason("met", "status", "the endpoint has the outcome"),
    Reason("not_met", "status", "the endpoint has not the outcome"),
    Reason("event", "status", "a later score shows what is waited for"),
    Reason("censored", "status", "followed to the last score without it"),
    Reason("counted", "status", "baseline and endpoint are in the mean"),
    Reason("altered_recall", "status", "the only forms in the window ask about another time than two weeks"),
    Reason("incomplete_form", "status", "the only forms in the window miss items"),
    Reason("no_score_in_window", "status", "no usable score in the window"),
    # why a verdict is withheld
    Reason("follow_up_unknown", "verdict", "some courses came with all their follow-up at once and no extract_day: those who left early cannot be told from those not yet due"),
    Reason("infusions_not_declared_complete", "verdict", "the clinic has not declared that it sends every infusion (clinics.toml)"),
    Reason("schedule_differs", "verdict", "over 20% of closed inductions are extended: another schedule than the study's"),
    Reason("coverage_too_low", "verdict", "under 80% of the courses due have a score"),
    # files of the archive, erased by a person
    Reason("consent_withdrawn", "erasure", "those it is about, or their clinic, no longer allow it to be kept"),
    Reason("sent_by_mistake", "erasure", "the clinic should not have sent it"),
    Reason("holds_identifier", "erasure", "it can tell who somebody is, which was not seen at the door"),
    Reason("agreement_ended", "erasure", "the agreement under which it was sent has ended"),
    Reason("kept_long_enough", "erasure", "the time for which it is kept is over"),
]  # fmt: skip

SENTENCES = {reason.code: reason.sentence for reason in REASONS}
