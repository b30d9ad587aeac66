"""What native code may do when it is imported."""

import os

os._exit(7)
