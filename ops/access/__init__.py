"""Who may do what, as the deployed policies decide."""
