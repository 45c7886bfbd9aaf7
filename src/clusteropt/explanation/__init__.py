"""Explanations: worth of purses, cost of rules, reasons of cells, changes, other plans nearly as good."""
