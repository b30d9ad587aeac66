"""Plain functions on boxes: what they share, how they are coded, matched, thinned out, judged and drawn.

A box is (left, top, right, bottom) in pixels, right and bottom excluded. Boxes of pictures are (batch, n, 4) float32,
padded by -1, and their classes (batch, n) whole numbers from 0, padded by -1. Networks, layers, tasks and drawings all
need this room, and it needs none of them.
"""
