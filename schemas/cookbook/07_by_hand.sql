-- Intervals and verdicts by hand
-- Do the interval of each rate and each verdict follow from its counts?
SELECT r.clinic_id, r.met, r.observed, wilson_low(r.met, r.observed) AS low, wilson_high(r.met, r.observed) AS high,
    r.observed_low, r.observed_high, c.their_events, c.their_n,
    difference_low(r.met, r.observed, c.their_events, c.their_n) AS difference_low,
    difference_high(r.met, r.observed, c.their_events, c.their_n) AS difference_high,
    verdict(r.met, r.observed, c.their_events, c.their_n) AS by_hand, c.verdict, c.withheld_because
FROM rate AS r
JOIN comparison AS c ON c.measure_id = r.measure_id AND c.clinic_id = r.clinic_id
WHERE r.measure_id = 'response_post_induction' AND c.outcome = 'verdict'
ORDER BY r.clinic_id;
