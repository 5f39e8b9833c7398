-- What is stored of time: releases, which never change, and every nightly change of a rate. All of it append-only but
-- `cusum_rule`, which mirrors cusum.toml. Laid again over a store of an earlier version, which has none of it.

CREATE TABLE IF NOT EXISTS release (
    release_no INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    arrival_no INTEGER NOT NULL,
    arrival_hash VARCHAR NOT NULL,
    night INTEGER NOT NULL,
    base_release_no INTEGER,
    program_version VARCHAR NOT NULL,
    sql_digest VARCHAR NOT NULL,
    data_versions VARCHAR NOT NULL,
    replay_of_last VARCHAR CHECK (replay_of_last IN ('equal', 'moved'))
);

CREATE TABLE IF NOT EXISTS release_definition (
    release_no INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('rules', 'clinic', 'measure', 'benchmark', 'claim')),
    id VARCHAR NOT NULL,
    version INTEGER,
    decides VARCHAR NOT NULL,
    definition VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS release_rate (
    release_no INTEGER NOT NULL,
    measure_id VARCHAR NOT NULL,
    measure_version INTEGER NOT NULL,
    clinic_id VARCHAR NOT NULL,
    main_denominator VARCHAR NOT NULL,
    courses INTEGER NOT NULL,
    not_eligible INTEGER NOT NULL,
    eligible INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    due INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    observed INTEGER NOT NULL,
    met INTEGER NOT NULL,
    not_met INTEGER NOT NULL,
    observed_rate DOUBLE,
    observed_low DOUBLE,
    observed_high DOUBLE,
    everyone_rate DOUBLE,
    everyone_low DOUBLE,
    everyone_high DOUBLE,
    bound_low DOUBLE,
    bound_high DOUBLE,
    coverage DOUBLE,
    window_closed INTEGER NOT NULL,
    starters_analysed DOUBLE,
    follow_up_unknown INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS release_comparison (
    release_no INTEGER NOT NULL,
    clinic_id VARCHAR NOT NULL,
    benchmark_id VARCHAR,
    claim_id VARCHAR,
    measure_id VARCHAR,
    measure_version INTEGER,
    benchmark_version INTEGER NOT NULL,
    outcome VARCHAR NOT NULL,
    met INTEGER,
    our_n INTEGER,
    our_rate DOUBLE,
    our_low DOUBLE,
    our_high DOUBLE,
    coverage DOUBLE,
    their_rate DOUBLE,
    their_low DOUBLE,
    their_high DOUBLE,
    difference DOUBLE,
    difference_low DOUBLE,
    difference_high DOUBLE,
    verdict VARCHAR,
    withheld_because VARCHAR
);

CREATE TABLE IF NOT EXISTS release_endpoint (
    release_no INTEGER NOT NULL,
    measure_id VARCHAR NOT NULL,
    patient_no INTEGER NOT NULL,
    course INTEGER NOT NULL,
    status endpoint_status NOT NULL,
    baseline_score_id BIGINT,
    endpoint_score_id BIGINT
);

CREATE TABLE IF NOT EXISTS rate_log (
    entry BIGINT NOT NULL,
    night INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    measure_id VARCHAR NOT NULL,
    clinic_id VARCHAR NOT NULL,
    measure_version INTEGER,
    courses INTEGER,
    eligible INTEGER,
    due INTEGER,
    observed INTEGER,
    met INTEGER
);

CREATE TABLE IF NOT EXISTS cusum_rule (
    version INTEGER NOT NULL,
    measure_id VARCHAR NOT NULL,
    reference_events INTEGER NOT NULL,
    reference_n INTEGER NOT NULL,
    odds_ratio DOUBLE NOT NULL,
    horizon INTEGER NOT NULL,
    signal_limit DOUBLE NOT NULL
);

COMMENT ON TABLE release IS 'One row per release: rates and verdicts that were locked and never change. Append-only; a correction is a new release.';
COMMENT ON COLUMN release.release_no IS 'Number of the release in this home, from 1, in the order of locking.';
COMMENT ON COLUMN release.name IS 'Name given to it; no other release has it.';
COMMENT ON COLUMN release.as_of IS 'As-of date: its "today". Arrivals received later are not in it.';
COMMENT ON COLUMN release.arrival_no IS 'Its place in the ledger: the last arrival that is in it.';
COMMENT ON COLUMN release.arrival_hash IS 'hash of that arrival, which stands for the ledger up to there.';
COMMENT ON COLUMN release.night IS 'The last night when it was locked.';
COMMENT ON COLUMN release.base_release_no IS 'The release a year or more before: courses that were due at it are left out. Null for a cumulative release, which has all of them.';
COMMENT ON COLUMN release.program_version IS 'Version of the program that locked it.';
COMMENT ON COLUMN release.sql_digest IS 'Head of the SHA-256 of all numbered SQL files of that program.';
COMMENT ON COLUMN release.data_versions IS 'Each data file with the head of its SHA-256, as the last night had them.';
COMMENT ON COLUMN release.replay_of_last IS 'Where the SQL is not that of the release before: whether that release, recomputed by this one''s SQL, was equal or moved; null where the SQL is the same.';

COMMENT ON TABLE release_definition IS 'One row per release and definition that it was made by. Append-only.';
COMMENT ON COLUMN release_definition.release_no IS 'The release; table release has its name.';
COMMENT ON COLUMN release_definition.kind IS 'What is defined: rules, clinic, measure, benchmark or claim.';
COMMENT ON COLUMN release_definition.id IS 'Its name: clinic_id, measure_id, benchmark_id or claim_id; rules for the rules.';
COMMENT ON COLUMN release_definition.version IS 'Its version; null for a clinic''s entry, which has none.';
COMMENT ON COLUMN release_definition.decides IS 'Head of the SHA-256 of the keys that can change a number or a verdict: where it differs between two releases, they are not comparable.';
COMMENT ON COLUMN release_definition.definition IS 'The whole definition as JSON, for a replay.';

COMMENT ON TABLE release_rate IS 'One row per release, measure and clinic (''*'' is all clinics): a locked rate, over the courses that the release covers. Append-only.';
COMMENT ON COLUMN release_rate.release_no IS 'The release; table release has its name.';
COMMENT ON COLUMN release_rate.measure_id IS 'The measure.';
COMMENT ON COLUMN release_rate.measure_version IS 'Version of its definition.';
COMMENT ON COLUMN release_rate.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN release_rate.main_denominator IS 'observed or everyone_due: the denominator of the measure''s main rate.';
COMMENT ON COLUMN release_rate.courses IS 'Courses that the release covers: eligible + not_eligible.';
COMMENT ON COLUMN release_rate.not_eligible IS 'Courses that the measure does not count.';
COMMENT ON COLUMN release_rate.eligible IS 'waiting + due.';
COMMENT ON COLUMN release_rate.waiting IS 'Courses not yet due.';
COMMENT ON COLUMN release_rate.due IS 'observed + missing.';
COMMENT ON COLUMN release_rate.missing IS 'Due courses without a usable score in the window.';
COMMENT ON COLUMN release_rate.observed IS 'met + not_met.';
COMMENT ON COLUMN release_rate.met IS 'Courses whose endpoint has the outcome.';
COMMENT ON COLUMN release_rate.not_met IS 'Courses whose endpoint has not.';
COMMENT ON COLUMN release_rate.observed_rate IS 'met / observed, a share; null where nobody was observed.';
COMMENT ON COLUMN release_rate.observed_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN release_rate.observed_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN release_rate.everyone_rate IS 'met / due: a missing score counts as not met.';
COMMENT ON COLUMN release_rate.everyone_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN release_rate.everyone_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN release_rate.bound_low IS 'The rate if every missing patient had not met it.';
COMMENT ON COLUMN release_rate.bound_high IS 'The rate if every missing patient had met it.';
COMMENT ON COLUMN release_rate.coverage IS 'observed / due.';
COMMENT ON COLUMN release_rate.window_closed IS 'First courses of the measure''s drug whose window had closed.';
COMMENT ON COLUMN release_rate.starters_analysed IS 'observed / window_closed.';
COMMENT ON COLUMN release_rate.follow_up_unknown IS 'Eligible courses whose follow-up came all at once, with no extract_day: any withholds the verdict.';

COMMENT ON TABLE release_comparison IS 'One row per release and row of comparison: what was locked of it. Append-only; view release_verdict has the standing of its verdicts.';
COMMENT ON COLUMN release_comparison.release_no IS 'The release; table release has its name.';
COMMENT ON COLUMN release_comparison.clinic_id IS 'The clinic; ''*'' is all clinics together, or a benchmark or claim that is compared with nothing.';
COMMENT ON COLUMN release_comparison.benchmark_id IS 'The benchmark; null for a claim.';
COMMENT ON COLUMN release_comparison.claim_id IS 'The claim; null for a benchmark.';
COMMENT ON COLUMN release_comparison.measure_id IS 'The measure that copies the benchmark''s definition; null where none does.';
COMMENT ON COLUMN release_comparison.measure_version IS 'Version of the measure.';
COMMENT ON COLUMN release_comparison.benchmark_version IS 'Version of the benchmark or claim.';
COMMENT ON COLUMN release_comparison.outcome IS 'verdict, difference, descriptive, context, refused or claim.';
COMMENT ON COLUMN release_comparison.met IS 'Our courses that met the outcome.';
COMMENT ON COLUMN release_comparison.our_n IS 'Our denominator: observed or due, as the measure''s main_denominator says.';
COMMENT ON COLUMN release_comparison.our_rate IS 'met / our_n.';
COMMENT ON COLUMN release_comparison.our_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN release_comparison.our_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN release_comparison.coverage IS 'observed / due of our rate.';
COMMENT ON COLUMN release_comparison.their_rate IS 'Published rate.';
COMMENT ON COLUMN release_comparison.their_low IS 'Its lower 95% limit; for a claim the low end as stated.';
COMMENT ON COLUMN release_comparison.their_high IS 'Its upper 95% limit; for a claim the high end as stated.';
COMMENT ON COLUMN release_comparison.difference IS 'our_rate - their_rate, a share (0.10 is 10 points).';
COMMENT ON COLUMN release_comparison.difference_low IS 'Its lower 95% limit.';
COMMENT ON COLUMN release_comparison.difference_high IS 'Its upper 95% limit.';
COMMENT ON COLUMN release_comparison.verdict IS 'above, below, consistent with or too few patients to tell; null where there is none or it is withheld.';
COMMENT ON COLUMN release_comparison.withheld_because IS 'The first reason that withholds the verdict; null where nothing does.';

COMMENT ON TABLE release_endpoint IS 'One row per release, measure and due course that the release covers: the courses behind its rates. Append-only.';
COMMENT ON COLUMN release_endpoint.release_no IS 'The release; table release has its name.';
COMMENT ON COLUMN release_endpoint.measure_id IS 'The measure.';
COMMENT ON COLUMN release_endpoint.patient_no IS 'The patient; table patient has the pseudonym.';
COMMENT ON COLUMN release_endpoint.course IS 'Course of the patient, as numbered when it was locked.';
COMMENT ON COLUMN release_endpoint.status IS 'Its status when it was locked; table reason has the sentence.';
COMMENT ON COLUMN release_endpoint.baseline_score_id IS 'The score that was the baseline.';
COMMENT ON COLUMN release_endpoint.endpoint_score_id IS 'The score that was the endpoint; null where it was missing.';

COMMENT ON TABLE rate_log IS 'One row per night, measure and clinic whose rate that night changed, with what it then was. Append-only. Nights of an earlier version of the program that a restored database had lost are logged as one change, by the night that took them in again.';
COMMENT ON COLUMN rate_log.entry IS 'Number of the entry, from 1, in the order of logging.';
COMMENT ON COLUMN rate_log.night IS 'The night that changed it.';
COMMENT ON COLUMN rate_log.run_id IS 'Id of that night''s run.';
COMMENT ON COLUMN rate_log.measure_id IS 'The measure.';
COMMENT ON COLUMN rate_log.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN rate_log.measure_version IS 'Version of its definition; null, as all counts here, from the night on which the rate is no more.';
COMMENT ON COLUMN rate_log.courses IS 'All courses of the group.';
COMMENT ON COLUMN rate_log.eligible IS 'waiting + due.';
COMMENT ON COLUMN rate_log.due IS 'observed + missing.';
COMMENT ON COLUMN rate_log.observed IS 'Due courses with a usable score in the window.';
COMMENT ON COLUMN rate_log.met IS 'Courses whose endpoint has the outcome: the rates are met / observed and met / due.';

COMMENT ON TABLE cusum_rule IS 'One row: what the early warning between releases watches, as cusum.toml has it on the last night.';
COMMENT ON COLUMN cusum_rule.version IS 'Version of the rule.';
COMMENT ON COLUMN cusum_rule.measure_id IS 'The measure whose non-response is watched.';
COMMENT ON COLUMN cusum_rule.reference_events IS 'Numerator of the rate that is expected, frozen.';
COMMENT ON COLUMN cusum_rule.reference_n IS 'Its denominator.';
COMMENT ON COLUMN cusum_rule.odds_ratio IS 'How much higher the odds of non-response are that it looks for.';
COMMENT ON COLUMN cusum_rule.horizon IS 'Patients between two releases over which signal_limit gives 5% false signals.';
COMMENT ON COLUMN cusum_rule.signal_limit IS 'The sum at which it signals.';
