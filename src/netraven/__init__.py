"""NetRaven keeps the configurations of a network's devices."""

__version__ = "0.1.0"
