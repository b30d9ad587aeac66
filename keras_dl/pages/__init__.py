"""Pages that are made from what there is: the catalogue, what recipes found, a folder of runs."""
