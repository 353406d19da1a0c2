"""Users, settings that administrators edit, and audit events."""
