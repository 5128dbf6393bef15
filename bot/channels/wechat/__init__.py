"""The WeChat official account channel: protocol without I/O, the calls to Tencent, and what listens, each in its file."""
