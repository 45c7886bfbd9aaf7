"""Reports: the only room that formats what a planner reads."""
