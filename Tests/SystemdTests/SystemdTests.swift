import Testing

/// BunBase as units of a real systemd. One test at a time: they share the machine that they restart.
@Suite(.serialized) struct SystemdTests {}
