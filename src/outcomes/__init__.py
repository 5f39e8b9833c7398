"""Outcomes of ketamine clinics: what arrives, what is kept, and the rates computed from it."""
