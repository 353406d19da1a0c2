"""The command line at work on a NetRaven elsewhere, by its HTTP API."""
