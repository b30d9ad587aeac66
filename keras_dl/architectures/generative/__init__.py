"""Networks that make new examples like those they have seen. Pixels, in and out, have values 0..255."""
