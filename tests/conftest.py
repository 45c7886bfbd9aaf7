"""Being here puts the root of the sources on the path, so that tests can import `tests.small`."""
