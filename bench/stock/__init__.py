"""The peer that `make bench` measures against: the same phrasings and knowledge, built as Rasa's documentation shows."""
