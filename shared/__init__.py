"""Everything that the functions share, one package for each part of the business."""
