"""Schema migrations, one chain for both databases."""
