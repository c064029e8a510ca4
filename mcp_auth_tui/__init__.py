"""The package's name and version; it must import nothing."""

__version__ = "0.1.0"
