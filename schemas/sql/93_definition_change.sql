-- What changed between a release and the next one that can change a number: found by comparing, nobody has to say so.
CREATE OR REPLACE VIEW definition_change AS
SELECT
    o.release_no, o.next_release_no, d.kind, d.id,
    d.kind || CASE WHEN d.kind <> d.id THEN ' ' || d.id ELSE '' END || CASE
        WHEN n.id IS NULL THEN ' is no more'
        WHEN n.version <> d.version THEN ': version ' || d.version || ' became ' || n.version
        ELSE ' changed' || coalesce(', still as version ' || n.version, '')
    END AS words
FROM main.release_order AS o
JOIN main.release_definition AS d ON d.release_no = o.release_no
LEFT JOIN main.release_definition AS n ON n.release_no = o.next_release_no AND n.kind = d.kind AND n.id = d.id
WHERE o.next_release_no IS NOT NULL AND d.kind <> 'claim' AND d.decides IS DISTINCT FROM n.decides

UNION ALL

SELECT o.release_no, o.next_release_no, 'program', z.sql_digest,
    'the program changed: the release before ' || z.name || ' comes out otherwise by its SQL'
FROM main.release_order AS o
JOIN main.release AS z ON z.release_no > o.release_no AND z.release_no <= o.next_release_no
WHERE z.replay_of_last = 'moved';

COMMENT ON VIEW definition_change IS 'One row per definition of a release that is another one in the next release: they are not comparable where it matters.';
COMMENT ON COLUMN definition_change.release_no IS 'The release.';
COMMENT ON COLUMN definition_change.next_release_no IS 'The release after it.';
COMMENT ON COLUMN definition_change.kind IS 'What changed: rules, clinic, measure, benchmark, or program (its SQL, where that moved a locked number).';
COMMENT ON COLUMN definition_change.id IS 'Its name; for a program the digest of its SQL.';
COMMENT ON COLUMN definition_change.words IS 'The change in words.';
