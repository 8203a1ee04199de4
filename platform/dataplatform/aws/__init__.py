"""What several components share on AWS: functions, network, policies, packaging."""
