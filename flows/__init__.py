"""Prefect wiring only: which steps, in what order. Nothing clinical, and nothing that a patient is in."""
