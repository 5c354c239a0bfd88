"""Celery with Redis: a task is sent after the event's commit, and a worker makes the contribution."""
