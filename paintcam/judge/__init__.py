"""From an embedding to a verdict: the judge, its guards, the sheet finder and calibration."""
