"""Runs, their entries and per-device results, and the leases on devices."""
