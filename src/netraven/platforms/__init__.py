"""What each network operating system looks like: frozen data and pure functions."""
