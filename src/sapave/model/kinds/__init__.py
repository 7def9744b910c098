"""The shelf of whole models that the one training loop trains and the one policy plays; each module offers `MODEL`."""
