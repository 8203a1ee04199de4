"""From one inbound object to its warehouse file and its quarantine file."""
