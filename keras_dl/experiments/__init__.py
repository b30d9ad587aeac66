"""What recipes are made of: options, measurements, claims, pages."""
