"""The pages that clinicians read: made from the published copy alone, one query a view for all clinics together."""
