import BundocEngine
import Glibc

// `BUNBASE_FAILPOINT=bundoc.committed` or `bundoc.committed:3` ends the process like a crash when it passes that step
// for the first, or third, time.
exit(runBundoc(failpoint: getenv("BUNBASE_FAILPOINT").map { String(cString: $0) }))
