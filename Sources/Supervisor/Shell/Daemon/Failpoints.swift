import Glibc
import Nouns

/// Places at which a test may have the supervisor killed, as if by `kill -9`, to see the next life clean up.
///
/// `BUNBASE_FAILPOINT=after-clone` kills at the first passing, `after-clone:3` at the third. Only honoured when the
/// cluster file says `testing: true`. It kills once: a file beside the sockets, `failpoint-NAME`, remembers it, so that
/// whoever starts the supervisor again may keep the environment.
package struct Failpoints {
    package enum Name: String, CaseIterable, Sendable {
        case afterJournalIntent = "after-journal-intent"
        case afterClone = "after-clone"
        case afterJournalStart = "after-journal-start"
        case afterAssign = "after-assign"
        case afterReady = "after-ready"
        case beforeGrant = "before-grant"
        case afterGrant = "after-grant"
        case afterRevoke = "after-revoke"
        case afterTerminate = "after-terminate"
        case afterExit = "after-exit"
        case beforeBind = "before-bind"
        case afterBind = "after-bind"
        case beforeClose = "before-close"
        case afterClose = "after-close"
        case beforeAnswer = "before-answer"
        case afterAnswer = "after-answer"
        case afterBegin = "after-begin"
    }

    private let armed: Name?
    private var passings: Int
    private let marker: String

    /// Nil when the text names no failpoint.
    package init?(_ text: String?, directory: String) {
        let words = (text ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard let text, !text.isEmpty else {
            (armed, passings, marker) = (nil, 0, "")
            return
        }
        guard (1...2).contains(words.count), let name = Name(rawValue: String(words[0])),
            let count = words.count == 2 ? Int(words[1]) : 1, count > 0
        else { return nil }
        marker = "\(directory)/failpoint-\(name.rawValue)"
        let hasFired = access(marker, F_OK) == 0
        (armed, passings) = (hasFired ? nil : name, count)
    }

    /// Does not return when this is the place and the time.
    package mutating func pass(_ name: Name) {
        guard armed == name else { return }
        passings -= 1
        guard passings == 0 else { return }
        _ = close(open(marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
        kill(getpid(), SIGKILL)
    }
}
