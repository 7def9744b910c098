"""The mind: backbone, adapter, spatial encoder, decoders."""
