"""Runs tasks: one member of those that work on a database, from its start to its graceful end."""
