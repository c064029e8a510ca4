"""The program's rules beside those of other implementations, where both are pure functions."""
