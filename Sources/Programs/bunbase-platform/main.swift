import Glibc
import PlatformShell

// `BUNBASE_FAILPOINT=platform.recorded` ends the process like a crash behind that step.
exit(PlatformProgram.run(failpoint: getenv("BUNBASE_FAILPOINT").map { String(cString: $0) }))
