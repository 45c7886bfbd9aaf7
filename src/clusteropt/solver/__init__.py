"""Solving formulations with HiGHS: scaling, the child process, what a solver claims, and refinement."""
