"""The OpenAI Realtime API (GA) without input or output.

`conversation.Realtime` translates between its JSON events and the messages of a
session; the other modules are the nouns of that translation. `docs/realtime.md`
says what is done, what is not, and what a tool call is made of.
"""
