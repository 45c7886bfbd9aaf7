"""Diagnoses: what cannot stand together where no plan exists, and the cheapest repairs."""
