"""Readers of other formats: pure, from bytes to rows and numbered faults."""
