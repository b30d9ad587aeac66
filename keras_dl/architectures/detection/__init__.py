"""Networks that find objects: pixels with values 0..255 in, boxes and their classes out."""
