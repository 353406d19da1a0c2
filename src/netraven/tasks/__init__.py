"""Where rooms meet: one file per job type."""
