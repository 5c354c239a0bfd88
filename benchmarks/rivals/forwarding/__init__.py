"""Plain FastAPI that forwards in the request: no queue, no worker."""
