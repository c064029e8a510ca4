"""A laboratory of servers that misbehave, each behaviour by its name, at each place of a run."""
