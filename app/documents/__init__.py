"""Draw up the documents that people leave with, each from one model of a paper."""
