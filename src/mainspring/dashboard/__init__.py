"""The dashboard's pages, as built from `web/`: they are only served here, and see nothing but the HTTP API."""
