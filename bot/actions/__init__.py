"""Rasa's custom actions: thin shells around bot.dialogue (what is missing) and bot.replies (what to say)."""
