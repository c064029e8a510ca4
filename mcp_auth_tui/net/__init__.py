"""How requests cross the network, within limits; knows nothing of stages, rules or tokens."""
