"""What a network learns, and how."""
