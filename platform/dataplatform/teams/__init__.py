"""Teams' roles and workgroups, and the audit trail."""
