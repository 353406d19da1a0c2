"""Devices, tags, tag rules, and importing them."""
