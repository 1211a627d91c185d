"""A pack as an Excel workbook: which sheets it has, how it is written, how it is read."""
