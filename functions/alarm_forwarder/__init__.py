"""Forwards alarms to webhooks, in the form that each webhook expects."""
