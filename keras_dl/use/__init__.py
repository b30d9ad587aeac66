"""Using what was trained: answers for raw inputs, and how good they are."""
