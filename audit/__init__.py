"""Known vulnerabilities of the locked packages, judged against a reviewed list of exceptions, and a bill of materials."""
