-- One row per way of picking an endpoint: measures that differ only in their outcome share one.
CREATE OR REPLACE VIEW pick AS
SELECT
    dense_rank() OVER (ORDER BY anchor, infusion_k, window_low, window_high, missing_items, item_9 <> 'not_needed', baseline_look_back_days)::SMALLINT AS pick_no,
    measure_id, anchor, infusion_k, window_low, window_high, missing_items::missing_items AS missing_items, item_9 <> 'not_needed' AS needs_item_9, baseline_look_back_days AS look_back_days
FROM main.measure
WHERE kind <> 'survival';

COMMENT ON VIEW pick IS 'One row per measure that picks an endpoint: which way of picking it uses (pick_no); several measures share one.';
COMMENT ON COLUMN pick.pick_no IS 'The way of picking, from 1.';
COMMENT ON COLUMN pick.measure_id IS 'The measure.';
COMMENT ON COLUMN pick.anchor IS 'Day from which its window is counted.';
COMMENT ON COLUMN pick.infusion_k IS 'k, for measures after infusion k.';
COMMENT ON COLUMN pick.window_low IS 'First day of the window, counted from the anchor.';
COMMENT ON COLUMN pick.window_high IS 'Last day of the window, counted from the anchor.';
COMMENT ON COLUMN pick.missing_items IS 'Missing-item rule.';
COMMENT ON COLUMN pick.needs_item_9 IS 'Whether its scores must have item 9.';
COMMENT ON COLUMN pick.look_back_days IS 'Look-back of its baseline, in days.';
