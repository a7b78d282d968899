"""The auditor: decides by itself, from the tables and from what clients saw, whether a promise was broken."""
