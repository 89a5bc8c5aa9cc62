import BundocEngine
import Glibc

// `BUNDOC_FAILPOINT=committed` or `committed:3` ends the process like a crash when it passes that step of a commit for
// the first, or third, time.
exit(runBundoc(failpoint: getenv("BUNDOC_FAILPOINT").map { String(cString: $0) }))
