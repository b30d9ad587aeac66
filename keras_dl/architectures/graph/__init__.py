"""Networks for graphs: nodes with features, and edges between them."""
