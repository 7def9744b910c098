"""The fixed-rate loop to the real robot."""
