"""JSON over HTTP: thin doors over the operations, one file per noun."""
