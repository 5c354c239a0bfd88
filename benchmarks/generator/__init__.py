"""The load generator, a process of its own: raw protocols, requests signed beforehand, and a full record."""
