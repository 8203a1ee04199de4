"""Lists, shows and releases refused rows."""
