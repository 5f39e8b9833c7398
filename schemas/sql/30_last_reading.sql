-- Which reading of each file counts: the last one that was taken; the last one of all where each was refused.
CREATE OR REPLACE VIEW last_reading AS
SELECT
    sha256,
    coalesce(max(arrival_no) FILTER (refused_because IS NULL), max(arrival_no)) AS arrival_no,
    min(arrival_no) AS first_arrival_no,
    min(night) AS came_in_night,
    min(received_on) AS came_on,
    count(*) AS readings
FROM main.arrival
GROUP BY sha256;

COMMENT ON VIEW last_reading IS 'One row per file: which of its readings counts. A reading that is refused takes nothing back from one that was taken.';
COMMENT ON COLUMN last_reading.sha256 IS 'SHA-256 of the file''s bytes.';
COMMENT ON COLUMN last_reading.arrival_no IS 'Arrival of the reading that counts: the last one taken; the last one of all where each was refused.';
COMMENT ON COLUMN last_reading.first_arrival_no IS 'Arrival with which the file came.';
COMMENT ON COLUMN last_reading.came_in_night IS 'The night in which the file came.';
COMMENT ON COLUMN last_reading.came_on IS 'As-of date of that night.';
COMMENT ON COLUMN last_reading.readings IS 'How often the file was read.';
