"""One file a family of networks.

A file is found by its name and declares, in this order: a docstring (the paper, the shapes, a table whose rows start
with a variant's name and its parameter count), one `Config` subclass, the blocks and `build(config)`, and `VARIANTS`,
the configs by catalogue name. Nothing else needs to be edited for it to be listed, built, described, scaled,
searched and tested.
"""
