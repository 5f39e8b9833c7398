-- Pseudonyms that were joined or split
-- Which pseudonyms count for one patient, or for two, since when and by whose word?
SELECT change_no, kind, clinic_id, from_no, into_no, day_offset, undoes, made_by, night, change_no IN (SELECT change_no FROM identity_standing) AS is_in_force
FROM identity_change
ORDER BY change_no;
