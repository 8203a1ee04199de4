"""AWS parts that several components share: functions, network, policies, packaging."""
