"""Credentials, and which one a device gets."""
