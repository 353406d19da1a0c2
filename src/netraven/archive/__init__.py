"""Contents, backups, their comparison, grading, redaction and verification."""
