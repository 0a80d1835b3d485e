"""Learning: from the watermark onwards, and again where the past changed; the detector's state and what it rests on."""
