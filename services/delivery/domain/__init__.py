"""From an issued result to the applicant. Pure."""
