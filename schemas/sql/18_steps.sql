-- Words of the derived steps. A store of an earlier version gets them when it is laid again.
CREATE TYPE IF NOT EXISTS induction AS ENUM ('open', 'incomplete', 'extended', 'complete');
CREATE TYPE IF NOT EXISTS phase AS ENUM ('baseline', 'induction', 'post_induction', 'maintenance');
CREATE TYPE IF NOT EXISTS missing_items AS ENUM ('complete_only', 'prorated');

COMMENT ON TYPE induction IS 'State of a course''s induction (R4).';
COMMENT ON TYPE phase IS 'Phase of a course that a score falls in (R4), in their order.';
COMMENT ON TYPE missing_items IS 'What a form with 7 or 8 items answered is worth: nothing (complete_only), or a total in proportion (prorated).';
