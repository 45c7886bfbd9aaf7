"""Studies of a plan over time: what is left to decide once years are closed."""
