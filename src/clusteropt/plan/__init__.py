"""Plans: exact money, value, bound, comparisons, and how they are kept."""
