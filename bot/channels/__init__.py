"""The ways in and out: REST, lookup, web page, WeChat. Protocol code apart from what listens."""
