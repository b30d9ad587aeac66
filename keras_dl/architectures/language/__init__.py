"""Networks for language: token ids in, what is to be said about the text out."""
