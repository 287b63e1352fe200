"""Who and what is linked: records, links, groups and shared contacts."""
