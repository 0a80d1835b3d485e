"""What a model version is made from: the fleet prior, the calibration maps and the budget they keep."""
