"""Pages for people: lists to read and to approve, episodes, stairwells and sensors. HTML alone, without a script."""
