"""What the API shows: the models its answers and OpenAPI page are made of, and how each is filled."""
