"""Forwards alarms to webhooks, in the form that each of them expects."""
