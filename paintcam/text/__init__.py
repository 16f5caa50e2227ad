"""Text from outside, made safe to store, compare and print.

Prompts, names, paths, addresses and answers of servers come from strangers. A terminal interprets
the control characters in them, and an address may hold a password.
"""

from paintcam.text.addresses import hide_secrets, is_address, shown_address
from paintcam.text.clean import clean_text, json_text, printable, prompt_key
from paintcam.text.counts import counted
from paintcam.text.spreadsheet import csv_cells, spreadsheet_safe

__all__ = [
    "clean_text",
    "counted",
    "csv_cells",
    "hide_secrets",
    "is_address",
    "json_text",
    "printable",
    "prompt_key",
    "shown_address",
    "spreadsheet_safe",
]
