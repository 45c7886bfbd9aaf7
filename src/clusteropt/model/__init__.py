"""The formulation: a problem as named blocks of columns and rows in arrays."""
