"""The fault suite: breaks everything that can break while traffic flows, and compares two accounts that are not ours."""
