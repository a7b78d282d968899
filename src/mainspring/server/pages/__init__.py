"""Pages for people who have a link and no account: made on the server, whole without a script."""
