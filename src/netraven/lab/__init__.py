"""Simulated devices over real SSH, with latency and faults."""
