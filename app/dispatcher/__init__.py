"""The background half: claims contributions, calls the Gateway, settles them."""
