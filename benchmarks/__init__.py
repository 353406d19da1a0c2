"""What performance claims rest on: `make bench` runs every comparison and prints its table."""
