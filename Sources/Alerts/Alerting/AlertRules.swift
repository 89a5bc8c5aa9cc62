/// When alerts are told, from the cluster file.
package struct AlertRules: Hashable, Sendable {
    /// After so long one that still holds is told again. Milliseconds, as all here.
    package var repeatAfter: Int64 = 4 * 3_600_000
    /// The same alert is not told more often than this: what comes and goes is told as one that holds.
    package var pause: Int64 = 60_000
    /// Crashes of one instance within `crashPeriod` that are a loop.
    package var crashes = 3
    package var crashPeriod: Int64 = 60_000
    /// In a hundred of a disk's room; less that is free is low.
    package var diskFreeMin = 5

    package init() {}

    /// Alerts that hold at once; further ones are counted and told as one.
    package static let alertsMax = 1000
}
