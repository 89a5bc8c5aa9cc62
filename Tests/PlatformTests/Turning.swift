import Linux
import Testing

extension EventLoop {
    /// Turns until something is so; records an issue when it is not within 10 s.
    func turn(
        until isSo: @autoclosure () -> Bool, _ what: Comment = "the awaited did not happen",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let end = ContinuousClock.now + .seconds(10)
        while !isSo() {
            guard ContinuousClock.now < end else {
                Issue.record(what, sourceLocation: sourceLocation)
                return
            }
            try turn(wait: .milliseconds(100))
        }
    }
}
