"""Pure: from what is known of a conversation and one understood message to what is known now and what is missing.

`resolve` is the bot's clerk. It decides which item is meant and which one thing must be asked back, in the order
jurisdiction, item, situation, applicant; Rasa's rules and stories turn its finding (`State.missing`) into actions.
"""

from bot.dialogue.answers import option_titles
from bot.dialogue.message import chosen_option
from bot.dialogue.state import GIVE_UP_AFTER, OUT_OF_SCOPE, State, Understanding
from bot.dialogue.steps import resolve

__all__ = ["GIVE_UP_AFTER", "OUT_OF_SCOPE", "State", "Understanding", "chosen_option", "option_titles", "resolve"]
