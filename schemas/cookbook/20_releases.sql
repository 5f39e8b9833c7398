-- Releases and what became of their verdicts
-- What was locked, and did the next release say the same?
SELECT name, as_of, benchmark_id, clinic_id, met, our_n, our_rate, verdict, withheld_because, standing, next_name, not_comparable_because
FROM release_verdict
ORDER BY release_no, benchmark_id, clinic_id;
