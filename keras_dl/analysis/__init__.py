"""Of trained networks: attacks, probes, signals, landscapes of the loss."""
