"""The HTTP edge: what operators, ops and integrators talk to."""
