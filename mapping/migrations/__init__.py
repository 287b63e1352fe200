"""Change the tables of a store from one version to the next."""
