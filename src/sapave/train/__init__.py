"""One training loop, several presets."""
