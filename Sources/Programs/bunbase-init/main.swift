import Glibc
import Launcher
import Linux

// Plays systemd's part for a cluster that is started by hand; `bunbase up` gives it its words.
exit(
    LaunchLoop.main(
        Array(CommandLine.arguments.dropFirst()), environment: ProcessTable.environment(of: getpid()) ?? [:]))
