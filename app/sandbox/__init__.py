"""The sandbox: a simulated Gateway and an operator's traffic, over real HTTP, for trying, testing and integrating."""
