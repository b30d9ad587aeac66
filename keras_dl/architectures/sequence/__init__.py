"""Networks that read sequences token by token: convolutions over words, recurrent layers, pairs of sequences."""
