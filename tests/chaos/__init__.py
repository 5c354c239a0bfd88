"""The fault suite: breaks everything that can break while traffic flows, and judges by accounts that are not ours."""
