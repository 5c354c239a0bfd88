"""What ops see: metrics and logs."""
