"""Connect to a device, reach its prompt, run commands, capture what it says."""
